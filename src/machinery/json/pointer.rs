//! JSON pointers (RFC 6901).

use std::borrow::Cow;

use super::Value;

impl Value {
    /// What a pointer leads to. This is asked for all the time, so no step is copied.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let mut here = self;
        let mut rest = pointer;
        while !rest.is_empty() {
            let after = rest.strip_prefix('/')?;
            // Steps are short: looking at each byte is faster than a search made for long texts.
            let end = after.bytes().position(|byte| byte == b'/').unwrap_or(after.len());
            let (step, further) = after.split_at(end);
            here = match here {
                Value::Object(map) => map.get(&unescaped(step))?,
                Value::Array(list) => list.get(position(step)?)?,
                _ => return None,
            };
            rest = further;
        }
        Some(here)
    }

    /// What a pointer leads to, to be changed; makes nothing.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |here, step| match here {
            Value::Object(map) => map.get_mut(&unescaped(step)),
            Value::Array(list) => list.get_mut(position(step)?),
            _ => None,
        })
    }
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
