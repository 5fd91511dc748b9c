//! The pages and the JSON answers under `/jw`.
//!
//! It must not know SQL dialects or the property format.

mod answer;
mod form;
mod health;
mod home;
mod login;
mod page;
mod rows;
mod setup;
mod upload;

use crate::settings::Settings;
use crate::shared_file;
use crate::source::Source;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use std::sync::Arc;

/// What every handler may use.
pub struct App {
    /// The environment.
    pub settings: Settings,
    /// The data source and its pool.
    pub source: Source,
}

/// The shared handle.
pub type Shared = Arc<App>;

/// All routes.
pub fn router(app: Shared) -> Router {
    let upload = get(upload::read).post(upload::write).layer(DefaultBodyLimit::max(shared_file::MAX_BYTES));
    Router::new()
        .route("/", get(|| found("/jw")))
        .route("/jw", get(|| found("/jw/home/")))
        .route("/jw/", get(|| found("/jw/home/")))
        .route("/jw/home", get(|| found("/jw/home/")))
        .route("/jw/home/", get(home::show))
        .route("/jw/web/login", get(login::show).post(login::enter))
        .route("/jw/j_spring_security_check", post(login::enter))
        .route("/jw/j_spring_security_logout", get(login::leave))
        .route("/jw/web/userview/standin/form", get(form::show).post(form::save))
        .route("/jw/web/json/standin/rows", get(rows::list))
        .route("/jw/web/json/standin/upload", upload)
        .route("/jw/web/json/standin/health", get(health::check))
        .route("/jw/setup", get(setup::show))
        .route("/jw/setup/", get(setup::show))
        .route("/jw/setup/init", post(setup::init))
        .fallback(home::missing)
        .layer(middleware::from_fn(answer::finish))
        .with_state(app)
}

/// 302 as Tomcat answers; axum's own redirect is 303.
async fn found(place: &'static str) -> impl IntoResponse {
    (StatusCode::FOUND, [(header::LOCATION, place)])
}
