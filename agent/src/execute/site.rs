//! The site as its users reach it: HTTP through the apps VIP under the site's host name.
//!
//! Knows nothing of what is asked. On 443 any certificate is taken, so nothing secret is ever sent there.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{ActError, Context};
use crate::host::{HttpRequest, HttpResponse, Tls};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Where the site answers.
pub(super) struct Site<'a> {
    /// The apps VIP.
    pub vip: IpAddr,
    /// Host name of the Ingress.
    pub host: &'a str,
}

impl Site<'_> {
    /// GET over HTTP; `cookie` may be empty.
    pub(super) async fn get(&self, cx: &Context<'_>, path: &str, cookie: &str) -> Result<HttpResponse, ActError> {
        self.ask(cx, "http", path, cookie_header(cookie)).await
    }

    /// GET over HTTPS.
    pub(super) async fn get_over_tls(&self, cx: &Context<'_>, path: &str) -> Result<HttpResponse, ActError> {
        self.ask(cx, "https", path, Vec::new()).await
    }

    async fn ask(
        &self,
        cx: &Context<'_>,
        scheme: &str,
        path: &str,
        headers: Vec<(&str, String)>,
    ) -> Result<HttpResponse, ActError> {
        let port = if scheme == "https" { 443 } else { 80 };
        let url = format!("{scheme}://{}{path}", self.host);
        let connect = Some(SocketAddr::new(self.vip, port));
        let tls = Tls::default();
        let request =
            HttpRequest { method: "GET", url: &url, connect, headers, body: Vec::new(), tls, timeout: TIMEOUT };
        Ok(cx.host.http(request).await?)
    }

    /// POST of form fields over HTTP; `cookie` may be empty.
    pub(super) async fn post(
        &self,
        cx: &Context<'_>,
        path: &str,
        fields: &[(&str, &str)],
        cookie: &str,
    ) -> Result<HttpResponse, ActError> {
        let mut headers = cookie_header(cookie);
        headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        let request = HttpRequest {
            method: "POST",
            url: &format!("http://{}{path}", self.host),
            connect: Some(SocketAddr::new(self.vip, 80)),
            headers,
            body: form(fields).into_bytes(),
            tls: Tls::default(),
            // Making a schema takes its time.
            timeout: Duration::from_secs(300),
        };
        Ok(cx.host.http(request).await?)
    }
}

fn cookie_header(cookie: &str) -> Vec<(&'static str, String)> {
    if cookie.is_empty() { Vec::new() } else { vec![("cookie", cookie.to_owned())] }
}

/// The cookies that an answer sets, as a client sends them back.
pub(super) fn cookies(answer: &HttpResponse) -> String {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs: Vec<&str> = set.filter_map(|(_, value)| value.split(';').next()).collect();
    pairs.join("; ")
}

/// Fields as a browser sends a form.
fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(k, v)| format!("{}={}", escaped(k), escaped(v))).collect();
    pairs.join("&")
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_escaped_as_a_browser_does() {
        let fields = [("jdbcUrl", "jdbc:mariadb://db1:3306/jwdb?a=b&c=d"), ("p w", "ä+%")];
        assert_eq!(form(&fields), "jdbcUrl=jdbc%3Amariadb%3A%2F%2Fdb1%3A3306%2Fjwdb%3Fa%3Db%26c%3Dd&p+w=%C3%A4%2B%25");
    }

    #[test]
    fn cookies_come_back_without_their_attributes() {
        let set = |v: &str| ("set-cookie".to_owned(), v.to_owned());
        let headers = vec![set("a=1; Path=/"), ("x".to_owned(), "y".to_owned()), set("b=2")];
        assert_eq!(cookies(&HttpResponse { headers, ..HttpResponse::default() }), "a=1; b=2");
    }
}
