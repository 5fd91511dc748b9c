//! Values of the spec that are parsed once and cannot be wrong afterwards: networks, periods, sizes, names, addresses.
//!
//! Each is written in the file as text. Knows nothing of the sections that use them.

mod cidr;
mod clock;
mod host;
mod image;
mod path;
mod quantity;

pub use cidr::Cidr;
pub use clock::{Period, TimeOfDay};
pub use host::{HostName, HttpUrl};
pub use image::ImageReference;
pub use path::AbsolutePath;
pub use quantity::Quantity;

use crate::id::InvalidName;

/// The refusal of `value`, shortened so that a message stays one line.
pub(crate) fn invalid(what: &'static str, value: &str, rule: &'static str) -> InvalidName {
    InvalidName { what, value: value.chars().take(64).collect(), rule }
}

/// Text in the file, checked at the door: conversions and serde for a type with `parse` and `text`.
macro_rules! text_value {
    ($ty:ident) => {
        impl std::fmt::Display for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.text())
            }
        }
        impl TryFrom<String> for $ty {
            type Error = crate::id::InvalidName;
            fn try_from(s: String) -> Result<Self, Self::Error> {
                Self::parse(&s)
            }
        }
        impl From<$ty> for String {
            fn from(v: $ty) -> String {
                v.to_string()
            }
        }
        impl std::str::FromStr for $ty {
            type Err = crate::id::InvalidName;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Self::parse(s)
            }
        }
    };
}
pub(crate) use text_value;
