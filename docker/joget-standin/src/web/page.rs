//! The frame of every page, with the notice that this is a stand-in.
//!
//! It must not know what is on the pages.

use crate::about;
use axum::response::Html;

/// A whole page. `body` is HTML already.
pub fn page(title: &str, body: &str) -> Html<String> {
    let (title, notice, server) = (escape(title), about::NOTICE, about::SERVER);
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - stand-in, not Joget</title>\n\
         <style>body{{font-family:sans-serif;max-width:40em;margin:2em auto}}.notice{{background:#fe9;padding:.5em}}\
         .error{{color:#a00}}input{{display:block;margin:.3em 0}}</style></head>\n\
         <body><p class=\"notice\">{notice}</p>\n<h1>{title}</h1>\n{body}\n<hr><small>{server}</small></body></html>\n"
    ))
}

/// Makes a text harmless inside HTML and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{escape, page};

    #[test]
    fn every_page_says_that_it_is_a_stand_in() {
        let html = page("Title", "<p>x</p>").0;
        assert!(html.contains("This is a stand-in for Joget") && html.contains("It is not Joget"));
        assert!(html.contains("<p>x</p>"));
    }

    #[test]
    fn markup_in_a_value_is_not_markup_on_the_page() {
        assert_eq!(escape("<a href='\"&"), "&lt;a href=&#39;&quot;&amp;");
    }
}
