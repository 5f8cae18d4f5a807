//! The module tree of every target: which file holds which module, and which names a module has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, UseTree};

use crate::Failure;
use crate::workspace::{Kind, Workspace};

/// A source file.
pub(crate) struct SourceFile {
    /// Its path below the checkout: `src/cluster/store/mod.rs`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its syntax tree.
    pub(crate) syntax: syn::File,
    /// The index of its target.
    pub(crate) target: usize,
    /// True for a file of a `#[cfg(test)]` module or of a test target.
    pub(crate) is_test: bool,
}

/// The meaning of a name in a module.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    /// A child module.
    Module(usize),
    /// Something that is defined here.
    Item,
    /// An import, by its path.
    Import(Vec<String>),
}

/// A module; one file may hold several.
#[derive(Debug)]
pub(crate) struct Module {
    /// The module that declares it; `None` for the root of a target.
    pub(crate) parent: Option<usize>,
    /// The root of its target.
    pub(crate) root: usize,
    /// The index of its file.
    pub(crate) file: usize,
    /// The meanings of its names.
    pub(crate) names: BTreeMap<String, Name>,
    /// The paths of its glob imports.
    pub(crate) globs: Vec<Vec<String>>,
}

/// All targets of a checkout.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<SourceFile>,
    modules: Vec<Module>,
    /// The root module of every target, in the order of the targets.
    targets: Vec<(String, Kind, usize)>,
}

impl Tree {
    /// Reads and parses every file that a target reaches by `mod` declarations.
    ///
    /// # Errors
    /// When a file is missing or cannot be parsed.
    pub(crate) fn read(workspace: &Workspace) -> Result<Tree, Failure> {
        let root = workspace.root.clone();
        let mut tree = Tree { root, files: Vec::new(), modules: Vec::new(), targets: Vec::new() };
        for (index, target) in workspace.targets.iter().enumerate() {
            let is_test = target.kind == Kind::Test;
            let id = tree.add_file(&target.source, index, None, is_test, true)?;
            tree.targets.push((target.name.clone(), target.kind, id));
        }
        Ok(tree)
    }

    /// The files, in the order in which they were found.
    pub(crate) fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The modules.
    pub(crate) fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The kind of a file's target.
    pub(crate) fn kind(&self, file: &SourceFile) -> Kind {
        self.targets[file.target].1
    }

    /// The name of a file's target.
    pub(crate) fn target(&self, file: &SourceFile) -> &str {
        &self.targets[file.target].0
    }

    /// The root module of a library by the name that other crates use.
    pub(crate) fn library(&self, name: &str) -> Option<usize> {
        self.targets.iter().find(|(n, kind, _)| n == name && *kind == Kind::Library).map(|(_, _, id)| *id)
    }

    /// Adds a file and everything that it declares, and returns its module.
    fn add_file(
        &mut self,
        path: &Path,
        target: usize,
        parent: Option<usize>,
        is_test: bool,
        is_root: bool,
    ) -> Result<usize, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let syntax = syn::parse_file(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        let items = syntax.items.clone();
        let relative = path.strip_prefix(&self.root).unwrap_or(path).display().to_string();
        let file = self.files.len();
        self.files.push(SourceFile { path: relative, text, syntax, target, is_test });
        let module = self.add_module(parent, file);
        // `mod.rs` and the roots of targets have their children beside them, other files in a folder of their name.
        let folder = path.parent().unwrap_or(Path::new(""));
        let children = match is_root || path.ends_with("mod.rs") {
            true => folder.to_path_buf(),
            false => path.with_extension(""),
        };
        self.add_items(&items, module, folder, &children)?;
        Ok(module)
    }

    fn add_module(&mut self, parent: Option<usize>, file: usize) -> usize {
        let id = self.modules.len();
        let root = parent.map_or(id, |parent| self.modules[parent].root);
        self.modules.push(Module { parent, root, file, names: BTreeMap::new(), globs: Vec::new() });
        id
    }

    /// Records the names of a module. `folder` is where its file is, `children` where the files of its children are.
    fn add_items(&mut self, items: &[Item], module: usize, folder: &Path, children: &Path) -> Result<(), Failure> {
        for item in items {
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let id = match &child.content {
                        Some((_, inner)) => {
                            let id = self.add_module(Some(module), self.modules[module].file);
                            let inside = children.join(&name);
                            self.add_items(inner, id, &inside, &inside)?;
                            id
                        }
                        None => {
                            let path = match path_attribute(&child.attrs) {
                                Some(path) => folder.join(path),
                                None => file_of(children, &name),
                            };
                            let parent = &self.files[self.modules[module].file];
                            let (target, is_test) = (parent.target, parent.is_test || is_cfg_test(&child.attrs));
                            self.add_file(&path, target, Some(module), is_test, false)?
                        }
                    };
                    self.modules[module].names.insert(name, Name::Module(id));
                }
                Item::Use(import) => {
                    for (name, path) in imports(&import.tree) {
                        let module = &mut self.modules[module];
                        match name {
                            // A definition of the same name counts more.
                            Some(name) => drop(module.names.entry(name).or_insert(Name::Import(path))),
                            None => module.globs.push(path),
                        }
                    }
                }
                other => {
                    if let Some(name) = name_of(other) {
                        self.modules[module].names.insert(name, Name::Item);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The file of a module below a folder.
fn file_of(folder: &Path, name: &str) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}

/// The value of `#[path = "..."]`.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|a| a.path().is_ident("path")).find_map(|a| match &a.meta {
        syn::Meta::NameValue(pair) => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

/// Returns true if an item is only compiled for tests.
pub(crate) fn is_cfg_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|a| match &a.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::NameValue(_) => false,
    })
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// The name that an item defines.
pub(crate) fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(i) => &i.ident,
        Item::Enum(i) => &i.ident,
        Item::Fn(i) => &i.sig.ident,
        Item::Macro(i) => i.ident.as_ref()?,
        Item::Static(i) => &i.ident,
        Item::Struct(i) => &i.ident,
        Item::Trait(i) => &i.ident,
        Item::Type(i) => &i.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

/// The names that a `use` brings in and the paths they stand for; a glob has no name.
pub(crate) fn imports(tree: &UseTree) -> Vec<(Option<String>, Vec<String>)> {
    let mut found = Vec::new();
    collect_imports(tree, &mut Vec::new(), &mut found);
    found
}

fn collect_imports(tree: &UseTree, path: &mut Vec<String>, found: &mut Vec<(Option<String>, Vec<String>)>) {
    match tree {
        UseTree::Path(step) => {
            path.push(step.ident.to_string());
            collect_imports(&step.tree, path, found);
            path.pop();
        }
        UseTree::Name(last) if last.ident == "self" => found.push((path.last().cloned(), path.clone())),
        UseTree::Name(last) => {
            let name = last.ident.to_string();
            found.push((Some(name.clone()), [path.as_slice(), &[name]].concat()));
        }
        UseTree::Rename(last) if last.ident == "self" => found.push((Some(last.rename.to_string()), path.clone())),
        UseTree::Rename(last) => {
            found.push((Some(last.rename.to_string()), [path.as_slice(), &[last.ident.to_string()]].concat()));
        }
        UseTree::Glob(_) => found.push((None, path.clone())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| collect_imports(tree, path, found)),
    }
}
