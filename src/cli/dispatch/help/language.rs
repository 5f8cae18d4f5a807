//! The language of help texts.
//!
//! Only the summaries of the program and its verbs are translated, where kubectl translates them; everything else is English.
//! Upstream: `kubectl/pkg/util/i18n/i18n.go`.

/// The translations, a table with tabs between the columns: the names of a verb and its families (empty for the program), then
/// its summary in each language. An empty summary stays English.
const TABLE: &str = include_str!("translations.tsv");

/// The language of a help text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Language {
    /// The column of [`TABLE`]; `None` for English.
    column: Option<usize>,
}

impl Language {
    /// English, the language of the sources.
    pub(crate) const ENGLISH: Language = Language { column: None };

    /// The language of the environment, in which `variable` looks a variable up: that of the first of `LC_ALL`, `LC_MESSAGES`
    /// and `LANG` that is set.
    pub(crate) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let locale = names.into_iter().filter_map(variable).find(|locale| !locale.is_empty());
        locale.map_or(Language::ENGLISH, |locale| Language::of_locale(&locale))
    }

    /// The language of a locale such as `de_DE.UTF-8`. kubectl accepts only locales that name an encoding.
    fn of_locale(locale: &str) -> Language {
        let name = locale.split_once('.').filter(|(_, encoding)| !encoding.contains('.')).map(|(name, _)| name);
        let heading = TABLE.lines().next().unwrap_or_default();
        Language { column: heading.split('\t').skip(1).position(|column| Some(column) == name).map(|at| at + 1) }
    }

    /// The summary of the verb with these names, outermost first, or of the program without names; `None` for the English one.
    pub(super) fn translate(self, names: &[&str]) -> Option<&'static str> {
        let column = self.column?;
        let command = names.join(" ");
        let row = TABLE.lines().skip(1).find(|row| row.split('\t').next() == Some(command.as_str()))?;
        row.split('\t').nth(column).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Verb, verbs};

    fn translated(locale: &str, names: &[&str]) -> Option<&'static str> {
        Language::of_locale(locale).translate(names)
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_language() {
        let language = |set: &[(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
            Language::of_environment(value)
        };
        let german = Language::of_locale("de_DE.UTF-8");
        assert_ne!(german, Language::ENGLISH);
        assert_eq!(language(&[]), Language::ENGLISH);
        assert_eq!(language(&[("LANG", "de_DE.UTF-8")]), german);
        assert_eq!(language(&[("LANG", "fr_FR.UTF-8"), ("LC_MESSAGES", "de_DE.UTF-8")]), german);
        assert_eq!(language(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C.UTF-8")]), Language::ENGLISH);
        assert_eq!(language(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "")]), german);
    }

    #[test]
    fn unknown_locales_and_texts_are_english() {
        assert_eq!(translated("fr_FR.UTF-8", &["config"]), Some("Modifier des fichiers kubeconfig"));
        assert_eq!(translated("fr_FR.UTF-8", &["config", "get-contexts"]), Some("Décrire un ou plusieurs contextes"));
        assert_eq!(translated("fr_FR.UTF-8", &["drain"]), None);
        for locale in ["fr_FR", "fr_CA.UTF-8", "command.UTF-8", "fr_FR.UTF-8.x", "C", ""] {
            assert_eq!(Language::of_locale(locale), Language::ENGLISH, "{locale}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        let languages = ["de_DE", "fr_FR", "it_IT", "ja_JP", "ko_KR", "pt_BR", "zh_CN", "zh_TW"];
        assert_eq!(TABLE.lines().next(), Some(format!("command\t{}", languages.join("\t")).as_str()));
        let mut last = None;
        for row in TABLE.lines().skip(1) {
            let cells: Vec<&str> = row.split('\t').collect();
            assert_eq!(cells.len(), languages.len() + 1, "{row}");
            assert!(cells[1..].iter().any(|text| !text.is_empty()), "{row}");
            assert!(cells[1..].iter().all(|text| text.trim() == *text), "{row}");
            assert!(last < Some(cells[0]), "not sorted: {row}");
            last = Some(cells[0]);
            let mut family: Vec<&Verb> = verbs::all().collect();
            for name in cells[0].split(' ').filter(|name| !name.is_empty()) {
                let verb = family.into_iter().find(|verb| verb.name == name);
                family = verb.unwrap_or_else(|| panic!("no such verb: {row}")).family.iter().collect();
            }
        }
    }
}
