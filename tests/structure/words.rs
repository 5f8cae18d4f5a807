//! Names that are to go and doc comments that open with a clause instead of a noun or a verb; test code included.

use std::collections::BTreeMap;

use regex::Regex;

use crate::Failure;
use crate::modules::Tree;

/// The names, in the format that the file itself explains.
const NAMES: &str = include_str!("names.txt");

/// The openers.
const OPENERS: &str = r"^\s*//[/!] (What|Whether|How|Whose|Who|The way)\b";

/// One line of the list.
struct Pattern<'a> {
    line: &'a str,
    name: Regex,
    /// The paths of the files in which the name is private language; everywhere when there is none.
    path: Option<Regex>,
}

impl<'a> Pattern<'a> {
    fn parse(line: &'a str) -> Result<Pattern<'a>, Failure> {
        let (name, path) = line.split_once(" @ ").map_or((line, None), |(name, path)| (name, Some(path)));
        Ok(Pattern { line, name: Regex::new(name)?, path: path.map(Regex::new).transpose()? })
    }

    /// Where the name occurs outside comments: `path:line`, or `path` where the file is named so.
    fn places(&self, tree: &Tree) -> Vec<String> {
        let mut places = Vec::new();
        let is_place = |path: &str| self.path.as_ref().is_none_or(|pattern| pattern.is_match(path));
        for file in tree.files().iter().filter(|file| is_place(&file.path)) {
            if self.name.is_match(&file.path) {
                places.push(file.path.clone());
            }
            let code = file.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            let found = code.filter(|(_, line)| self.name.is_match(line));
            places.extend(found.map(|(index, _)| format!("{}:{}", file.path, index + 1)));
        }
        places
    }
}

/// Prints which names are still in use, and how many doc comments begin with which opener.
pub(crate) fn print(tree: &Tree) -> Result<(), Failure> {
    let lines = NAMES.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let patterns: Vec<Pattern<'_>> = lines.map(Pattern::parse).collect::<Result<_, _>>()?;
    let places = patterns.iter().map(|pattern| (pattern.line, pattern.places(tree)));
    let used: Vec<(&str, Vec<String>)> = places.filter(|(_, places)| !places.is_empty()).collect();
    println!("\nprivate names still in use: {} of {}", used.len(), patterns.len());
    for (line, places) in used {
        let shown = places.len().min(3);
        let more = match places.len() - shown {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        println!("  {line}: {}{more}", places[..shown].join(", "));
    }
    print_openers(tree)
}

fn print_openers(tree: &Tree) -> Result<(), Failure> {
    let opener = Regex::new(OPENERS)?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_target: BTreeMap<&str, usize> = BTreeMap::new();
    for file in tree.files() {
        let mut in_block = false;
        for line in file.text.lines() {
            let is_doc = line.trim_start().starts_with("///") || line.trim_start().starts_with("//!");
            if is_doc
                && !in_block
                && let Some(found) = opener.captures(line)
            {
                *counts.entry(found[1].to_string()).or_default() += 1;
                *by_target.entry(tree.target(file)).or_default() += 1;
            }
            in_block = is_doc;
        }
    }
    let total: usize = counts.values().sum();
    let list = |counts: &mut dyn Iterator<Item = (String, usize)>| -> String {
        counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    println!("doc comments with a banned opener: {total}");
    println!("  {}", list(&mut counts.into_iter()));
    println!("  {}", list(&mut by_target.into_iter().map(|(name, count)| (name.to_string(), count))));
    Ok(())
}
