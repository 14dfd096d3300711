//! `{{ variable }}` templates in component variables and outbound hosts.

use std::collections::BTreeMap;

/// Text with application variables in it, such as `https://{{ mail_host }}:443`.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Variable(String),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// `{{` without `}}`.
    #[error("`{{{{` without `}}}}`; write `{{{{ variable }}}}`")]
    Unclosed,
    /// What is between the braces is no variable name.
    #[error("`{0}` is no variable name; use lower-case letters, digits and `_`")]
    Name(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Unbalanced braces, or a name that no variable can have.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, tail) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
            let name = name.trim();
            if !super::is_variable_name(name) {
                return Err(TemplateError::Name(name.to_owned()));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// Names of the variables in it, in order of appearance.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with every variable replaced, or the name of the first variable that `values` lacks.
    pub fn render<'a>(&'a self, values: &BTreeMap<String, String>) -> Result<String, &'a str> {
        self.parts.iter().try_fold(String::new(), |mut text, part| {
            text.push_str(match part {
                Part::Text(literal) => literal,
                Part::Variable(name) => values.get(name).ok_or(name.as_str())?,
            });
            Ok(text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("host".to_owned(), "mail.example".to_owned()),
            ("port".to_owned(), "25".to_owned()),
        ])
    }

    #[test]
    fn variables_are_replaced_and_text_is_kept() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{{ host }}", "mail.example"),
            ("{{host}}:{{  port }}/x", "mail.example:25/x"),
            ("}} is text", "}} is text"),
        ] {
            assert_eq!(
                Template::parse(text).unwrap().render(&values()).unwrap(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(
            Template::parse("{{ host }}{{ user }}").unwrap().render(&values()),
            Err("user")
        );
    }

    #[test]
    fn malformed_templates_are_refused() {
        assert_eq!(Template::parse("{{ host"), Err(TemplateError::Unclosed));
        assert_eq!(
            Template::parse("{{ Host }}"),
            Err(TemplateError::Name("Host".to_owned()))
        );
        assert_eq!(Template::parse("{{}}"), Err(TemplateError::Name(String::new())));
    }
}
