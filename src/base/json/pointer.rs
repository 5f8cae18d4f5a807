//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use super::Value;

impl Value {
    /// What a pointer leads to. This is asked for all the time, so no step is copied.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        if pointer.bytes().fold(false, |found, byte| found | (byte == b'~')) {
            return steps(pointer)?.try_fold(self, |here, step| here.step(unescaped(step).as_bytes()));
        }
        let mut here = self;
        let mut rest = pointer.as_bytes();
        while let Some((slash, after)) = rest.split_first() {
            // Steps are short: looking at each byte is faster than a search made for long texts.
            let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
            here = here.step(&after[..end]).filter(|_| *slash == b'/')?;
            rest = &after[end..];
        }
        Some(here)
    }

    fn step(&self, step: &[u8]) -> Option<&Value> {
        match self {
            Value::Object(map) => map.get_bytes(step),
            Value::Array(list) => list.get(position(str::from_utf8(step).ok()?)?),
            _ => None,
        }
    }

    /// What a pointer leads to, to be changed; makes nothing.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        steps(pointer)?.try_fold(self, |here, step| match here {
            Value::Object(map) => map.get_mut(&unescaped(step)),
            Value::Array(list) => list.get_mut(position(step)?),
            _ => None,
        })
    }
}

/// The steps of a pointer, each after a slash.
fn steps(pointer: &str) -> Option<impl Iterator<Item = &str>> {
    (pointer.is_empty() || pointer.starts_with('/')).then(|| pointer.split('/').skip(1))
}

/// A step of a pointer as the key it stands for; hardly any has an escape.
pub fn unescaped(step: &str) -> Cow<'_, str> {
    match step.bytes().any(|byte| byte == b'~') {
        true => step.replace("~1", "/").replace("~0", "~").into(),
        false => step.into(),
    }
}

/// A step as a position in a list: digits, without zeros before them.
fn position(step: &str) -> Option<usize> {
    let plain = step == "0" || !step.starts_with(['0', '+']);
    if plain { step.parse().ok() } else { None }
}
