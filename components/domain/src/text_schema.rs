//! What people may write into a task, for the API document: the rules of `text` as patterns, each described once.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::limits;

/// Unicode's white space, which is trimmed, as it is written inside a pattern's brackets.
macro_rules! white_space {
    () => {
        r"\t-\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
    };
}

/// Unicode's control characters, which one line does not have.
macro_rules! controls {
    () => {
        r"\u0000-\u001F\u007F-\u009F"
    };
}

/// One line of text with white space around it.
macro_rules! one_line {
    () => {
        concat!(
            "[^",
            white_space!(),
            controls!(),
            "](?:[^",
            controls!(),
            "]*[^",
            white_space!(),
            controls!(),
            "])?[",
            white_space!(),
            "]*"
        )
    };
}

/// Declares a kind of text: what the document says of it.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident = $schema:expr;)+) => {$(
        $(#[doc = $doc])+
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let description = concat!($($doc),+).trim_start();
                $schema.schema_type(Type::String).description(Some(description)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

texts! {
    /// 1 to 200 characters on one line. White space around it is dropped.
    Title = ObjectBuilder::new()
        .pattern(Some(concat!("^[", white_space!(), "]*", one_line!(), "$")))
        .min_length(Some(1))
        .max_length(Some(limits::TITLE_CHARS_MAX));
    /// Up to 10,000 characters.
    Description = ObjectBuilder::new().pattern(Some(r"^[^\u0000]*$")).max_length(Some(limits::DESCRIPTION_CHARS_MAX));
    /// 1 to 50 characters on one line. White space around it is dropped.
    Tag = ObjectBuilder::new()
        .pattern(Some(concat!("^[", white_space!(), "]*", one_line!(), "$")))
        .min_length(Some(1))
        .max_length(Some(limits::TAG_CHARS_MAX));
    /// Up to 100 characters on one line. White space around it is dropped; nothing else is none.
    Category = ObjectBuilder::new()
        .pattern(Some(concat!("^[", white_space!(), "]*(?:", one_line!(), ")?$")))
        .max_length(Some(limits::CATEGORY_CHARS_MAX));
    /// `daily`, `weekly`, `monthly`, `yearly`, a phrase such as `every 2 weeks on monday`, or an RFC 5545 RRULE. Up to 512
    /// bytes.
    RecurrenceRule = ObjectBuilder::new()
        .format(Some(SchemaFormat::Custom("recurrence-rule".into())))
        .max_length(Some(limits::RECURRING_RULE_BYTES_MAX))
        .examples(["monthly", "every 2 weeks on monday", "FREQ=MONTHLY;BYDAY=-1FR"]);
}
