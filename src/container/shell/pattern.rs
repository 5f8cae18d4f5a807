//! Patterns: `*`, `?`, `[...]`, and a backslash before what stands for itself.

/// Most comparisons of one expansion, so that none takes long.
const MAX_WORK: u32 = 20_000_000;

/// A pattern that is matched against texts.
pub(super) struct Pattern {
    items: Vec<Item>,
    ignores_case: bool,
}

enum Item {
    Char(char),
    Any,
    Many,
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
        classes: Vec<String>,
    },
    /// An extended pattern of bash: the operator and the alternatives.
    Group(char, Vec<Pattern>),
}

impl Pattern {
    /// Parses a pattern; every text is one. `is_extended` allows `@(a|b)` and its like.
    pub(super) fn new(text: &str, is_extended: bool) -> Pattern {
        let chars: Vec<char> = text.chars().collect();
        Pattern::of(parse(&chars, is_extended, 0))
    }

    fn of(items: Vec<Item>) -> Pattern {
        Pattern { items, ignores_case: false }
    }

    /// Says whether capitals differ from small letters, as they do at first.
    pub(super) fn with_case(mut self, matters: bool) -> Pattern {
        self.ignores_case = !matters;
        if !matters {
            fold(&mut self.items);
        }
        self
    }

    /// Reports whether a text matches as a whole.
    pub(super) fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.matches_chars(&chars)
    }

    /// Reports whether characters match as a whole.
    pub(super) fn matches_chars(&self, text: &[char]) -> bool {
        self.matches_within(text, &mut 0)
    }

    /// Returns the number of characters that every match has; `None` if it differs.
    pub(super) fn length(&self) -> Option<usize> {
        let is_one = |item: &Item| !matches!(item, Item::Many | Item::Group(..));
        self.items.iter().all(is_one).then_some(self.items.len())
    }

    /// Returns the end of the longest match that begins at a position; `None` if there is none, or the search took too long.
    pub(super) fn longest(&self, text: &[char], at: usize, work: &mut u32) -> Option<usize> {
        if let Some(length) = self.length() {
            let end = at.checked_add(length).filter(|end| *end <= text.len())?;
            return self.matches_within(&text[at..end], work).then_some(end);
        }
        let starts = match (self.items.first(), text.get(at)) {
            (Some(Item::Many | Item::Group(..)) | None, _) => true,
            (Some(item), c) => c.is_some_and(|c| is_one(item, *c)),
        };
        if !starts {
            return None;
        }
        for end in (at..=text.len()).rev() {
            if *work > MAX_WORK {
                return None;
            }
            if self.matches_within(&text[at..end], work) {
                return Some(end);
            }
        }
        None
    }

    /// Reports whether characters match as a whole; the work of several matches is bounded together.
    pub(super) fn matches_within(&self, text: &[char], work: &mut u32) -> bool {
        match self.items.as_slice() {
            [Item::Many] => true,
            items if self.ignores_case => {
                let text: Vec<char> = text.iter().map(|c| c.to_ascii_lowercase()).collect();
                is_match(items, &text, work)
            }
            items => is_match(items, text, work),
        }
    }
}

fn parse(chars: &[char], is_extended: bool, depth: u32) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        let next = chars.get(at).copied();
        let group = (is_extended && depth < 10 && next == Some('(') && "@?*+!".contains(c))
            .then(|| group(&chars[at + 1..], depth))
            .flatten();
        if let Some((alternatives, length)) = group {
            items.push(Item::Group(c, alternatives));
            at += 1 + length;
            continue;
        }
        items.push(match c {
            '\\' => {
                at += usize::from(next.is_some());
                Item::Char(next.unwrap_or('\\'))
            }
            '*' => {
                while chars.get(at) == Some(&'*') && !(is_extended && chars.get(at + 1) == Some(&'(')) {
                    at += 1;
                }
                Item::Many
            }
            '?' => Item::Any,
            '[' => match class(&chars[at..]) {
                Some((item, length)) => {
                    at += length;
                    item
                }
                None => Item::Char('['),
            },
            c => Item::Char(c),
        });
    }
    items
}

/// Parses the alternatives of an extended pattern after its parenthesis; returns them with their length.
fn group(chars: &[char], depth: u32) -> Option<(Vec<Pattern>, usize)> {
    let mut alternatives = Vec::new();
    let (mut start, mut level, mut at) = (0, 0, 0);
    loop {
        match chars.get(at)? {
            '\\' => at += 1,
            '(' => level += 1,
            '|' if level == 0 => {
                alternatives.push(Pattern::of(parse(&chars[start..at], true, depth + 1)));
                start = at + 1;
            }
            ')' if level == 0 => {
                alternatives.push(Pattern::of(parse(&chars[start..at], true, depth + 1)));
                return Some((alternatives, at + 1));
            }
            ')' => level -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Parses a bracket expression after its bracket; returns it with its length.
fn class(chars: &[char]) -> Option<(Item, usize)> {
    let mut at = 0;
    let is_negated = matches!(chars.first(), Some('!' | '^'));
    at += usize::from(is_negated);
    let (mut ranges, mut classes) = (Vec::new(), Vec::new());
    let first = at;
    loop {
        let mut c = *chars.get(at)?;
        if c == ']' && at > first {
            return Some((Item::Class { is_negated, ranges, classes }, at + 1));
        }
        if c == '[' && chars.get(at + 1) == Some(&':') {
            let name: String = chars[at + 2..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
            let end = at + 2 + name.len();
            if chars.get(end) == Some(&':') && chars.get(end + 1) == Some(&']') {
                classes.push(name);
                at = end + 2;
                continue;
            }
        }
        if c == '\\' {
            at += 1;
            c = *chars.get(at)?;
        }
        at += 1;
        if chars.get(at) == Some(&'-') && chars.get(at + 1).is_some_and(|c| *c != ']') {
            let mut last = chars[at + 1];
            at += 2;
            if last == '\\' {
                last = *chars.get(at)?;
                at += 1;
            }
            ranges.push((c, last));
        } else {
            ranges.push((c, c));
        }
    }
}

fn in_class(name: &str, c: char) -> bool {
    match name {
        "alpha" => c.is_alphabetic(),
        "digit" => c.is_ascii_digit(),
        "alnum" => c.is_alphanumeric(),
        "upper" => c.is_uppercase(),
        "lower" => c.is_lowercase(),
        "space" => c.is_whitespace(),
        "blank" => c == ' ' || c == '\t',
        "punct" => c.is_ascii_punctuation(),
        "xdigit" => c.is_ascii_hexdigit(),
        "cntrl" => c.is_control(),
        "print" => !c.is_control(),
        "graph" => !c.is_control() && c != ' ',
        _ => false,
    }
}

fn is_one(item: &Item, c: char) -> bool {
    match item {
        Item::Char(wanted) => *wanted == c,
        Item::Any => true,
        Item::Class { is_negated, ranges, classes } => {
            let is_in = ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
                || classes.iter().any(|name| in_class(name, c));
            is_in != *is_negated
        }
        Item::Many | Item::Group(..) => false,
    }
}

/// Matches with one point to which it goes back, the last `*`; only groups need recursion.
fn is_match(items: &[Item], text: &[char], work: &mut u32) -> bool {
    let (mut item, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        *work += 1;
        if *work > MAX_WORK {
            return false;
        }
        match items.get(item) {
            Some(Item::Many) => {
                star = Some((item + 1, at));
                item += 1;
                continue;
            }
            Some(Item::Group(operator, alternatives))
                if is_group_match(*operator, alternatives, &items[item + 1..], &text[at..], work) =>
            {
                return true;
            }
            Some(one) if text.get(at).is_some_and(|c| is_one(one, *c)) => {
                item += 1;
                at += 1;
                continue;
            }
            None if at == text.len() => return true,
            _ => {}
        }
        match &mut star {
            Some((after, from)) if *from < text.len() => {
                *from += 1;
                (item, at) = (*after, *from);
            }
            _ => return false,
        }
    }
}

fn is_group_match(operator: char, alternatives: &[Pattern], rest: &[Item], text: &[char], work: &mut u32) -> bool {
    if matches!(operator, '?' | '*') && is_match(rest, text, work) {
        return true;
    }
    (0..=text.len()).any(|length| {
        if *work > MAX_WORK {
            return false;
        }
        let is_alternative = alternatives.iter().any(|pattern| is_match(&pattern.items, &text[..length], work));
        if operator == '!' {
            return !is_alternative && is_match(rest, &text[length..], work);
        }
        let repeats = matches!(operator, '*' | '+') && length > 0;
        is_alternative
            && (is_match(rest, &text[length..], work)
                || repeats && is_group_match('*', alternatives, rest, &text[length..], work))
    })
}

/// Makes the letters of a pattern small.
fn fold(items: &mut [Item]) {
    for item in items {
        match item {
            Item::Char(c) => *c = c.to_ascii_lowercase(),
            Item::Class { ranges, .. } => ranges.iter_mut().for_each(|(first, last)| {
                (*first, *last) = (first.to_ascii_lowercase(), last.to_ascii_lowercase());
            }),
            Item::Group(_, alternatives) => alternatives.iter_mut().for_each(|pattern| fold(&mut pattern.items)),
            Item::Any | Item::Many => {}
        }
    }
}

/// Escapes what would be special in a pattern.
pub(super) fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        if "*?[]\\-!^|()@+".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
}
