//! The picture as one HTML page that needs nothing else.

use super::{Picture, svg};

/// Surrounds the picture; the colours are those of the picture.
const STYLE: &str = "\
body{margin:0;background:#ffffff;color:#1b1f24;font:14px system-ui,sans-serif}
main{max-width:max-content;margin:auto;overflow-x:auto}
#tip{position:fixed;display:none;max-width:40em;padding:4px 8px;border-radius:4px;background:#1b1f24;color:#ffffff;\
font:12px ui-monospace,monospace;pointer-events:none;z-index:1}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}#tip{background:#e6edf3;color:#0d1117}}
";

/// Shows the titles of bars and marks at once, at the pointer. Without it the browser shows them after a while.
const SCRIPT: &str = "\
const tip = document.createElement('div');
tip.id = 'tip';
document.body.append(tip);
for (const title of document.querySelectorAll('svg rect > title')) {
  const shape = title.parentElement, text = title.textContent;
  title.remove();
  shape.setAttribute('aria-label', text);
  shape.addEventListener('pointermove', (event) => {
    tip.textContent = text;
    tip.style.display = 'block';
    tip.style.left = Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)) + 'px';
    tip.style.top = (event.clientY + 16 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 8 : event.clientY + 16) + 'px';
  });
  shape.addEventListener('pointerleave', () => { tip.style.display = 'none'; });
}
";

/// Draws a picture of so many pixels in width.
pub(crate) fn draw(picture: &Picture<'_>, width: i64) -> String {
    let title = svg::escape(&picture.title);
    let image = svg::document(picture, width, "");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Timeline of {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{image}</main>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}
