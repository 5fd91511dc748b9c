//! `labelSelector` and `fieldSelector` of a list, as far as actions use them. Pure.

use serde_json::Value;

/// Whether an object fits every selector of a query string.
pub(super) fn fits(object: &Value, query: &str) -> bool {
    query.split('&').filter_map(|pair| pair.split_once('=')).all(|(key, value)| {
        let value = decoded(value);
        match key {
            "labelSelector" => fits_labels(object, &value),
            "fieldSelector" => value.split_once('=').is_none_or(|(field, wanted)| {
                let pointer = format!("/{}", field.replace('.', "/"));
                object.pointer(&pointer).and_then(Value::as_str) == Some(wanted)
            }),
            // Limits and the like.
            _ => true,
        }
    })
}

fn fits_labels(object: &Value, selector: &str) -> bool {
    let label = |key: &str| object["metadata"]["labels"].get(key.trim()).and_then(Value::as_str);
    if let Some((key, values)) = selector.split_once(" in ") {
        let values: Vec<&str> = values.trim_matches(['(', ')', ' ']).split(',').map(str::trim).collect();
        return label(key).is_some_and(|v| values.contains(&v));
    }
    match selector.split_once('=') {
        Some((key, value)) => label(key.trim_end_matches('=')) == Some(value.trim_start_matches('=')),
        None => label(selector).is_some(),
    }
}

/// Without percent signs and pluses.
pub(in super::super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = more;
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_are_understood_as_actions_write_them() {
        let pod = json!({"metadata": {"labels": {"app": "joget", "ha-mesh/join-generation": "3"}}, "spec": {"nodeName": "w1"}});
        for (query, wanted) in [
            ("labelSelector=app%20in%20(traefik,joget)", true),
            ("labelSelector=app%20in%20(traefik,other)", false),
            ("labelSelector=app%3Djoget", true),
            ("labelSelector=ha-mesh/join-generation%3D3", true),
            ("labelSelector=ha-mesh/join-generation%3D4", false),
            ("fieldSelector=spec.nodeName%3Dw1", true),
            ("fieldSelector=spec.nodeName%3Dw2&labelSelector=app%3Djoget", false),
        ] {
            assert_eq!(fits(&pod, query), wanted, "{query}");
        }
    }
}
