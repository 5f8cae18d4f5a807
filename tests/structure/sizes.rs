//! Long functions and long files.

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::Failure;
use crate::modules::{SourceFile, Tree, is_cfg_test};

/// Longer functions are counted, in lines from the signature to the closing brace.
const FUNCTION_LINES_MAX: usize = 60;
/// Longer files are counted, in lines with tests and comments.
const FILE_LINES_MAX: usize = 400;

/// Prints the longest function, and how many functions and files are too long.
pub(crate) fn print(tree: &Tree) -> Result<(), Failure> {
    let mut functions = Vec::new();
    for file in tree.files().iter().filter(|file| !file.is_test) {
        let mut visitor = Functions { file, found: &mut functions };
        visitor.visit_file(&file.syntax);
    }
    functions.sort_by_key(|(lines, _)| std::cmp::Reverse(*lines));
    let (lines, name) = functions.first().ok_or("there is no function")?;
    println!("\nlongest function: {name}, {lines} lines");
    let long = functions.iter().filter(|(lines, _)| *lines > FUNCTION_LINES_MAX);
    println!("functions over {FUNCTION_LINES_MAX} lines: {}", long.clone().count());
    long.for_each(|(lines, name)| println!("  {lines} {name}"));
    let mut files: Vec<(usize, &str)> =
        tree.files().iter().map(|file| (file.text.lines().count(), file.path.as_str())).collect();
    files.sort_by_key(|(lines, _)| std::cmp::Reverse(*lines));
    let long = files.iter().filter(|(lines, _)| *lines > FILE_LINES_MAX);
    println!("files over {FILE_LINES_MAX} lines: {}", long.clone().count());
    long.for_each(|(lines, path)| println!("  {lines} {path}"));
    Ok(())
}

/// Collects the lengths of the functions outside test modules.
struct Functions<'a> {
    file: &'a SourceFile,
    found: &'a mut Vec<(usize, String)>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let last = block.to_token_stream().into_iter().last().map_or(first, |brace| brace.span().end().line);
        self.found.push((last - first + 1, format!("{}:{first} {}", self.file.path, signature.ident)));
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_cfg_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
