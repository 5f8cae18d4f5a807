//! Expressions of `find`: tests and actions, and how they are parsed.

use regex::bytes::Regex;

use crate::programs::regexp;

/// Most parentheses and negations inside of each other.
const MAX_DEPTH: u32 = 100;

/// A number with a sign: more than, less than, or exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    More(i64),
    Less(i64),
    Exactly(i64),
}

impl Amount {
    pub(super) fn matches(self, value: i64) -> bool {
        match self {
            Amount::More(limit) => value > limit,
            Amount::Less(limit) => value < limit,
            Amount::Exactly(wanted) => value == wanted,
        }
    }

    fn parse(text: &str) -> Option<Amount> {
        let number = |digits: &str| digits.parse().ok().filter(|number: &i64| *number >= 0);
        match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(digits), _) => number(digits).map(Amount::More),
            (_, Some(digits)) => number(digits).map(Amount::Less),
            _ => number(text).map(Amount::Exactly),
        }
    }
}

#[derive(Debug)]
pub(super) enum Expression {
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Constant(bool),
    Name(Regex),
    Path(Regex),
    Kind(String),
    /// A number of units of so many bytes, rounded up.
    Size(Amount, u64),
    /// Age in units of so many seconds.
    Age(Amount, i64),
    Newer(String),
    Empty,
    /// Permission bits: exactly, all of them (`-`) or any of them (`/`).
    Permissions(Option<char>, u32),
    User(String),
    Group(String),
    Prune,
    Print,
    PrintZero,
    Delete,
    Quit,
    /// Runs a command for every file.
    Execute(Vec<String>),
    /// Runs a command for many files, by its number.
    ExecuteMany(usize),
}

/// A parsed command line of `find`.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) paths: Vec<String>,
    pub(super) expression: Expression,
    pub(super) least_depth: usize,
    pub(super) most_depth: usize,
    /// The entries of a directory come before it.
    pub(super) is_depth_first: bool,
    pub(super) follows_links: bool,
    /// Files whose times are compared.
    pub(super) references: Vec<String>,
    /// The commands that run for many files.
    pub(super) commands: Vec<Vec<String>>,
}

/// Parses the arguments.
///
/// # Errors
/// A mistake, in the words of busybox or GNU.
pub(super) fn parse(args: &[String], is_busybox: bool) -> Result<Search, String> {
    let mut parser = Parser {
        args,
        at: 0,
        depth: 0,
        is_busybox,
        has_action: false,
        search: Search {
            paths: Vec::new(),
            expression: Expression::Constant(true),
            least_depth: 0,
            most_depth: usize::MAX,
            is_depth_first: false,
            follows_links: false,
            references: Vec::new(),
            commands: Vec::new(),
        },
    };
    parser.paths();
    let expression = match parser.at < args.len() {
        true => parser.list()?,
        false => Expression::Constant(true),
    };
    if let Some(extra) = args.get(parser.at) {
        return Err(match (extra.as_str(), is_busybox) {
            (")", false) => "invalid expression; you have too many ')'".to_owned(),
            (other, true) => format!("unrecognized: {other}"),
            (other, false) => format!("paths must precede expression: `{other}'"),
        });
    }
    let expression = match parser.has_action {
        true => expression,
        false => Expression::And(Box::new(expression), Box::new(Expression::Print)),
    };
    Ok(Search { expression, ..parser.search })
}

struct Parser<'a> {
    args: &'a [String],
    at: usize,
    depth: u32,
    is_busybox: bool,
    has_action: bool,
    search: Search,
}

impl Parser<'_> {
    fn paths(&mut self) {
        while let Some(arg) = self.args.get(self.at) {
            match arg.as_str() {
                "-L" => self.search.follows_links = true,
                "-H" | "-P" => {}
                arg if arg.starts_with('-') && arg.len() > 1 || matches!(arg, "(" | ")" | "!") => break,
                arg => self.search.paths.push(arg.to_owned()),
            }
            self.at += 1;
        }
        if self.search.paths.is_empty() {
            self.search.paths.push(".".to_owned());
        }
    }

    fn peek(&self) -> Option<&str> {
        self.args.get(self.at).map(String::as_str)
    }

    fn list(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while matches!(self.peek(), Some("-o" | "-or")) {
            self.at += 1;
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.not()?;
        loop {
            match self.peek() {
                None | Some("-o" | "-or" | ")") => return Ok(left),
                Some("-a" | "-and") => self.at += 1,
                Some(arg) if !arg.starts_with(['-', '!', '(']) => return Ok(left),
                Some(_) => {}
            }
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
    }

    fn not(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the expression is nested too deeply".to_owned());
        }
        let expression = match self.peek() {
            Some("!" | "-not") => {
                self.at += 1;
                self.not().map(|inner| Expression::Not(Box::new(inner)))
            }
            Some("(") => {
                self.at += 1;
                let inner = self.list()?;
                if self.peek() != Some(")") {
                    let gnu = "invalid expression; I was expecting to find a ')' somewhere but did not see one.";
                    return Err(if self.is_busybox { "unpaired '('".to_owned() } else { gnu.to_owned() });
                }
                self.at += 1;
                Ok(inner)
            }
            _ => self.primary(),
        };
        self.depth -= 1;
        expression
    }

    fn argument(&mut self, name: &str) -> Result<String, String> {
        let value = self.args.get(self.at).cloned().ok_or_else(|| match self.is_busybox {
            true => format!("{name} requires an argument"),
            false => format!("missing argument to `{name}'"),
        })?;
        self.at += 1;
        Ok(value)
    }

    fn primary(&mut self) -> Result<Expression, String> {
        let Some(name) = self.args.get(self.at).cloned() else {
            return Err("expected an expression".to_owned());
        };
        self.at += 1;
        Ok(match name.as_str() {
            "-true" | "-xdev" | "-mount" | "-noleaf" | "-daystart" => Expression::Constant(true),
            "-false" => Expression::Constant(false),
            "-follow" => {
                self.search.follows_links = true;
                Expression::Constant(true)
            }
            "-depth" | "-d" => {
                self.search.is_depth_first = true;
                Expression::Constant(true)
            }
            "-maxdepth" => {
                self.search.most_depth = self.level(&name)?;
                Expression::Constant(true)
            }
            "-mindepth" => {
                self.search.least_depth = self.level(&name)?;
                Expression::Constant(true)
            }
            "-name" | "-iname" | "-path" | "-wholename" | "-ipath" => self.pattern(&name)?,
            "-type" => self.kind()?,
            "-size" => self.size()?,
            "-mtime" | "-mmin" | "-atime" | "-ctime" | "-amin" | "-cmin" => {
                let text = self.argument(&name)?;
                let amount = Amount::parse(&text).ok_or_else(|| self.invalid(&name, &text))?;
                Expression::Age(amount, if name.ends_with("min") { 60 } else { 86_400 })
            }
            "-newer" => {
                let reference = self.argument(&name)?;
                self.search.references.push(reference.clone());
                Expression::Newer(reference)
            }
            "-empty" => Expression::Empty,
            "-perm" => self.permissions()?,
            "-user" | "-uid" => Expression::User(self.argument(&name)?),
            "-group" | "-gid" => Expression::Group(self.argument(&name)?),
            "-prune" => Expression::Prune,
            "-print" => self.action(Expression::Print),
            "-print0" => self.action(Expression::PrintZero),
            "-quit" => self.action(Expression::Quit),
            "-delete" => {
                self.search.is_depth_first = true;
                self.action(Expression::Delete)
            }
            "-exec" | "-execdir" => self.execute(&name)?,
            other if self.is_busybox => return Err(format!("unrecognized: {other}")),
            other if other.starts_with('-') => return Err(format!("unknown predicate `{other}'")),
            other => return Err(format!("paths must precede expression: `{other}'")),
        })
    }

    fn action(&mut self, action: Expression) -> Expression {
        self.has_action = true;
        action
    }

    fn level(&mut self, name: &str) -> Result<usize, String> {
        let text = self.argument(name)?;
        text.parse().map_err(|_| match self.is_busybox {
            true => format!("invalid number '{text}'"),
            false => format!("Expected a positive decimal integer argument to {name}, but got '{text}'"),
        })
    }

    fn invalid(&self, name: &str, text: &str) -> String {
        if self.is_busybox {
            format!("invalid number '{text}'")
        } else {
            format!("invalid argument `{text}' to `{name}'")
        }
    }

    fn pattern(&mut self, name: &str) -> Result<Expression, String> {
        let text = self.argument(name)?;
        let regex = regexp::glob(&text, name.starts_with("-i")).ok_or_else(|| self.invalid(name, &text))?;
        Ok(if name.ends_with("name") && name != "-wholename" {
            Expression::Name(regex)
        } else {
            Expression::Path(regex)
        })
    }

    fn kind(&mut self) -> Result<Expression, String> {
        let text = self.argument("-type")?;
        let is_known = text.split(',').all(|kind| kind.len() == 1 && "fdlpcbs".contains(kind));
        if !is_known {
            return Err(match self.is_busybox {
                true => format!("invalid argument '{text}' to '-type'"),
                false => format!("Unknown argument to -type: {}", text.chars().next().unwrap_or(' ')),
            });
        }
        Ok(Expression::Kind(text))
    }

    fn size(&mut self) -> Result<Expression, String> {
        let text = self.argument("-size")?;
        let unit = text.chars().last().filter(|c| !c.is_ascii_digit());
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let bytes = match unit {
            None | Some('b') => 512,
            Some('c') => 1,
            Some('w') => 2,
            Some('k') => 1 << 10,
            Some('M') => 1 << 20,
            Some('G') => 1 << 30,
            Some(other) if !self.is_busybox => return Err(format!("invalid -size type `{other}'")),
            Some(_) => return Err(format!("invalid number '{text}'")),
        };
        let amount = Amount::parse(digits).ok_or_else(|| self.invalid("-size", &text))?;
        Ok(Expression::Size(amount, bytes))
    }

    fn permissions(&mut self) -> Result<Expression, String> {
        let text = self.argument("-perm")?;
        let sign = text.chars().next().filter(|c| matches!(c, '-' | '/' | '+'));
        let mode = if sign.is_some() { &text[1..] } else { text.as_str() };
        let bits = crate::programs::files::modes::apply(mode, 0, false, 0);
        let bits = bits.ok_or_else(|| format!("invalid mode '{text}'"))?;
        Ok(Expression::Permissions(sign, bits))
    }

    fn execute(&mut self, name: &str) -> Result<Expression, String> {
        let start = self.at;
        let end = self.args[start..]
            .iter()
            .enumerate()
            .position(|(at, arg)| arg == ";" || arg == "+" && at > 0 && self.args[start + at - 1] == "{}");
        let Some(end) = end.filter(|end| *end > 0) else {
            return Err(match self.is_busybox {
                true => format!("{name} requires an argument"),
                false => format!("missing argument to `{name}'"),
            });
        };
        let command = self.args[start..start + end].to_vec();
        self.at = start + end + 1;
        self.has_action = true;
        if self.args[start + end] == ";" {
            return Ok(Expression::Execute(command));
        }
        self.search.commands.push(command);
        Ok(Expression::ExecuteMany(self.search.commands.len() - 1))
    }
}
