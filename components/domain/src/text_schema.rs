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

/// One line of text with white space around it, which does not count. `$more` is how many characters may be between the
/// first and the last one, so two less than there may be; a maximum length would count the white space too.
macro_rules! one_line {
    ($more:literal) => {
        concat!(
            "[^",
            white_space!(),
            controls!(),
            "](?:[^",
            controls!(),
            "]{0,",
            $more,
            "}[^",
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
    Title = ObjectBuilder::new().pattern(Some(concat!("^[", white_space!(), "]*", one_line!(198), "$")));
    /// Up to 10,000 characters.
    Description = ObjectBuilder::new()
        .pattern(Some(r"^[^\u0000]*$"))
        .max_length(Some(limits::DESCRIPTION_CHARS_MAX));
    /// 1 to 50 characters on one line. White space around it is dropped.
    Tag = ObjectBuilder::new().pattern(Some(concat!("^[", white_space!(), "]*", one_line!(48), "$")));
    /// Up to 100 characters on one line. White space around it is dropped; nothing else is none.
    Category = ObjectBuilder::new().pattern(Some(concat!("^[", white_space!(), "]*(?:", one_line!(98), ")?$")));
    /// `daily`, `weekly`, `monthly`, `yearly`, a phrase such as `every 2 weeks on monday`, or an RFC 5545 RRULE. Up to 512
    /// bytes.
    RecurrenceRule = ObjectBuilder::new()
        .format(Some(SchemaFormat::Custom("recurrence-rule".into())))
        .max_length(Some(limits::RECURRING_RULE_BYTES_MAX))
        .examples(["monthly", "every 2 weeks on monday", "FREQ=MONTHLY;BYDAY=-1FR"]);
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::{Category, Tag, Title};
    use crate::{limits, text};

    /// Whether a text fits the pattern of a kind of text.
    fn fits<S: PartialSchema>(text: &str) -> bool {
        let schema = serde_json::to_value(S::schema()).unwrap();
        jsonschema::is_valid(&schema, &serde_json::json!(text))
    }

    #[test]
    fn patterns_say_what_the_rules_do() {
        let x = |count: usize| "x".repeat(count);
        let texts = [
            "",
            " ",
            "a",
            " a\n",
            "a\nb",
            "a\u{85}",
            "\u{a0}é\u{3000}",
            "\u{200b}",
            "\u{feff}",
            "nul\0",
            "\u{1c}a",
            "a b",
            "\u{7f}",
        ]
        .map(str::to_owned);
        let lengths = [
            limits::TITLE_CHARS_MAX,
            limits::TAG_CHARS_MAX,
            limits::CATEGORY_CHARS_MAX,
        ]
        .into_iter()
        .flat_map(|max| {
            [
                x(max),
                x(max + 1),
                format!(" {} ", x(max)),
                "😀".repeat(max),
                "😀".repeat(max + 1),
            ]
        });
        for given in texts.into_iter().chain(lengths) {
            assert_eq!(
                fits::<Title>(&given),
                text::title(given.clone()).is_ok(),
                "title {given:?}"
            );
            assert_eq!(
                fits::<Tag>(&given),
                text::tags(vec![given.clone()]).is_ok(),
                "tag {given:?}"
            );
            assert_eq!(
                fits::<Category>(&given),
                text::category(given.clone()).is_ok(),
                "category {given:?}"
            );
        }
    }
}
