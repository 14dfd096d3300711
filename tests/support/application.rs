use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use tempfile::TempDir;
use toml::{Table, Value};

/// The repository's root.
pub fn root() -> &'static Path {
    // Tests run in their package's folder.
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| Path::new("..").canonicalize().expect("a folder has a parent"));
    &ROOT
}

/// The repository's application with another manifest, in a folder that goes with it.
#[derive(Debug)]
pub struct Application(TempDir);

impl Application {
    /// Changes a copy of `spin.toml`, whose paths lead to the repository's files.
    pub fn changed(change: impl FnOnce(&mut Table)) -> Self {
        let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml can be read");
        let mut manifest: Table = text.parse().expect("spin.toml is TOML");
        let components = table(&mut manifest, "component");
        for (_, component) in components.iter_mut() {
            absolute(component.get_mut("source").expect("a component has a source"));
            let tool = component.get_mut("tool").and_then(|tool| tool.get_mut("dayloom"));
            tool.and_then(|tool| tool.get_mut("service"))
                .into_iter()
                .for_each(absolute);
        }
        absolute(
            at(&mut manifest, &["application", "tool", "dayloom"])
                .get_mut("migrations")
                .expect("the application has migrations"),
        );
        change(&mut manifest);
        let folder = TempDir::new().expect("a temporary directory");
        std::fs::write(folder.path().join("spin.toml"), manifest.to_string()).expect("the manifest can be written");
        Self(folder)
    }

    /// The manifest's path.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("spin.toml")
    }
}

/// The table of our own settings of a component.
pub fn settings_of<'a>(manifest: &'a mut Table, component: &str) -> &'a mut Table {
    at(manifest, &["component", component, "tool", "dayloom"])
}

fn at<'a>(manifest: &'a mut Table, path: &[&str]) -> &'a mut Table {
    path.iter().fold(manifest, |inside, name| table(inside, name))
}

fn table<'a>(inside: &'a mut Table, name: &str) -> &'a mut Table {
    let found = inside.get_mut(name).and_then(Value::as_table_mut);
    found.unwrap_or_else(|| panic!("the manifest has no table {name}"))
}

fn absolute(path: &mut Value) {
    let relative = path.as_str().expect("a path is text");
    *path = Value::String(root().join(relative).display().to_string());
}
