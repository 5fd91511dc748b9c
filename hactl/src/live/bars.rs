//! The live view on a terminal: pictures drawn over each other.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::View;
use super::frame::{Size, frame};
use super::looks::{Detail, Look};
use crate::exit::Failure;
use crate::render::text::{WIDTH, fit};

/// Draws on standard error.
pub(super) struct Bars {
    area: ProgressBar,
    picture: String,
    last: Option<(Look, Instant)>,
    lost: Option<String>,
    began: Instant,
}

impl Bars {
    pub(super) fn new() -> Self {
        let area = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        // One bar whose message is the whole picture: drawn at once, at most as often as it changes.
        area.set_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { area, picture: String::new(), last: None, lost: None, began: Instant::now() }
    }

    fn draw(&mut self) {
        let (rows, columns) = console::Term::stderr().size();
        let size = Size { rows: rows.into(), columns: usize::from(columns).min(WIDTH + 20) };
        let mut picture = match &self.last {
            Some((look, at)) => frame(&look.status, (ms(*at), ms(self.began)), size),
            None => vec!["looking at the site".to_owned()],
        };
        if let Some(why) = &self.lost {
            picture.push(fit(&format!("no coordinator tells at the moment, trying on: {why}"), size.columns - 1));
        }
        let picture = picture.join("\n");
        if picture != self.picture {
            self.area.set_message(picture.clone());
            self.picture = picture;
        }
    }
}

fn ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl View for Bars {
    fn detail(&self) -> Detail {
        Detail::Screen
    }
    fn look(&mut self, look: &Look) {
        self.last = Some((look.clone(), Instant::now()));
        self.lost = None;
        self.draw();
    }
    fn tick(&mut self) {
        self.draw();
    }
    fn lost(&mut self, why: &Failure) {
        self.lost = Some(why.to_string());
        self.draw();
    }
    fn close(&mut self) {
        // The last picture goes; what is printed next stands in its place.
        self.area.finish_and_clear();
    }
}
