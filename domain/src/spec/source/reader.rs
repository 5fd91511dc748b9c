//! From the tree to typed values through serde; a failure says where it happened and why.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::Step;
use super::tree::{Node, Number, Value};

/// The first thing that could not be read.
#[derive(Debug)]
pub(in crate::spec) struct Fault {
    /// Where; the innermost step last.
    pub(in crate::spec) path: Vec<Step>,
    /// Why.
    pub(in crate::spec) reason: Reason,
}

/// Why it could not be read.
#[derive(Debug)]
pub(in crate::spec) enum Reason {
    /// A setting that has no default is not there.
    Missing(&'static str),
    /// There is no such setting; these are there.
    UnknownKey(&'static [&'static str]),
    /// There is no such word; these are there.
    UnknownWord(String, &'static [&'static str]),
    /// Something else was expected.
    Other(String),
}

/// Reads a typed value from the tree.
pub(in crate::spec) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Fault> {
    T::deserialize(Reader(node)).map_err(|mut fault| {
        fault.path.reverse();
        fault
    })
}

impl Fault {
    fn other(message: impl fmt::Display) -> Self {
        Self { path: Vec::new(), reason: Reason::Other(message.to_string()) }
    }
    fn inside(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.reason)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::other(message)
    }
    fn missing_field(field: &'static str) -> Self {
        Self { path: Vec::new(), reason: Reason::Missing(field) }
    }
    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self { path: Vec::new(), reason: Reason::UnknownKey(known) }
    }
    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self { path: Vec::new(), reason: Reason::UnknownWord(word.to_owned(), known) }
    }
    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::other(format_args!("{} stands where {} is expected", found_text(&found), expected_text(expected)))
    }
    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::other(format_args!("{} is not {}", found_text(&found), expected_text(expected)))
    }
}

fn found_text(found: &de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Unit | de::Unexpected::Option => "nothing".to_owned(),
        de::Unexpected::Map => "a mapping".to_owned(),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Str(text) => format!("the text {:?}", text.chars().take(64).collect::<String>()),
        other => other.to_string(),
    }
}

/// serde speaks of Rust's types; an operator does not.
fn expected_text(expected: &dyn de::Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more,".to_owned(),
        "i64" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" => "a text".to_owned(),
        "a map" => "a mapping".to_owned(),
        _ => text,
    }
}

#[derive(Clone, Copy)]
struct Reader<'a>(&'a Node);

impl<'a> Reader<'a> {
    /// A value that a text was expected for: a bare number is taken as it is written.
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Number(_, written) => visitor.visit_str(written),
            Value::Bool(b) => visitor.visit_str(if *b { "true" } else { "false" }),
            Value::Null | Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Gone => {
                self.deserialize_any(visitor)
            }
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null | Value::Gone => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Number(Number::Whole(n), _) => visitor.visit_u64(*n),
            Value::Number(Number::Negative(n), _) => visitor.visit_i64(*n),
            Value::Number(Number::Real(n), _) => visitor.visit_f64(*n),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            // serde would take a list for the fields in their order.
            Value::List(_) => Err(Fault::other("a list stands where a mapping is expected")),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_map(Entries { rest: [].iter(), value: None }),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_seq(Items([].iter().enumerate())),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.text(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0.scalar() {
            Some(word) => word.into_deserializer().deserialize_enum(name, words, visitor),
            None => Err(Fault::other(format_args!("one of these words is expected: {}", words.join(", ")))),
        }
    }

    fn is_human_readable(&self) -> bool {
        true
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a>(std::iter::Enumerate<std::slice::Iter<'a, Node>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let next = self.0.by_ref().find(|(_, node)| node.value != Value::Gone);
        next.map(|(n, node)| seed.deserialize(Reader(node)).map_err(|fault| fault.inside(Step::Index(n)))).transpose()
    }
}

struct Entries<'a> {
    rest: std::slice::Iter<'a, (super::tree::Key, Node)>,
    value: Option<(&'a str, &'a Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Some((key, node)) = self.rest.by_ref().find(|(_, node)| node.value != Value::Gone) else { return Ok(None) };
        self.value = Some((&key.name, node));
        let read = seed.deserialize(key.name.as_str().into_deserializer());
        read.map(Some).map_err(|fault: Fault| fault.inside(Step::Key(key.name.clone())))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (key, node) = self.value.take().ok_or_else(|| Fault::other("a value without a key"))?;
        seed.deserialize(Reader(node)).map_err(|fault| fault.inside(Step::Key(key.to_owned())))
    }
}
