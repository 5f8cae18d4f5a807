//! `mapfile`

use super::Outcome;
use crate::call::Call;
use crate::shell::variables::Value;
use crate::shell::{Interrupt, Shell};

/// `mapfile [-t] [-n count] [-d delimiter] [array]`
pub(super) fn mapfile(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let (mut trims, mut most, mut delimiter) = (false, usize::MAX, '\n');
    let mut name = "MAPFILE";
    let mut rest = args[1..].iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "-t" => trims = true,
            "-n" => most = rest.next().and_then(|count| count.parse().ok()).filter(|count| *count > 0).unwrap_or(most),
            "-d" => delimiter = rest.next().and_then(|text| text.chars().next()).unwrap_or('\0'),
            "-O" | "-s" | "-u" | "-C" | "-c" => {
                return shell.bad_option(call, &args[0], arg, "mapfile [-d delim] [-n count] [-t] [array]");
            }
            array => name = array,
        }
    }
    if !call.is_complete(0) {
        return Err(Interrupt::Stop(crate::call::Stop::Wait(crate::process::Wait::InputEnd(0))));
    }
    let bytes = match call.read(0, usize::MAX) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => Vec::new(),
        Err(stop) => return Err(Interrupt::Stop(stop)),
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let lines = text.split_inclusive(delimiter).take(most);
    let lines = lines.map(|line| if trims { line.strip_suffix(delimiter).unwrap_or(line) } else { line }.to_owned());
    let list = (0..).zip(lines).collect();
    shell.variables.entry(name).value = Value::List(list);
    Ok(0)
}
