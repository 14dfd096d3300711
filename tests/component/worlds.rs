//! A component's imports are its permissions: each built component imports no more than its world of `wit/` allows, and exactly
//! what its snapshot in `imports/` says. After a wanted change, `UPDATE_SNAPSHOTS=1` writes the snapshots anew.

use std::collections::BTreeSet;

use dayloom_tests::root;
use wit_component::{DecodedWasm, decode};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

const COMPONENTS: [&str; 7] = [
    "auth",
    "tasks",
    "audit",
    "recurrence",
    "notifications",
    "realtime",
    "web",
];

/// What comes in and goes out of a component, as the names of interfaces.
#[derive(Debug, PartialEq)]
struct Boundary {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

impl Boundary {
    fn of(resolve: &Resolve, world: WorldId) -> Self {
        let names = |items: &mut dyn Iterator<Item = (&WorldKey, &WorldItem)>| {
            items
                .filter(|(_, item)| matches!(item, WorldItem::Interface { .. }))
                .map(|(key, _)| resolve.name_world_key(key))
                .collect()
        };
        let world = &resolve.worlds[world];
        Self {
            imports: names(&mut world.imports.iter()),
            exports: names(&mut world.exports.iter()),
        }
    }

    fn built(component: &str) -> Self {
        let path = root().join(format!("target/components/{component}.wasm"));
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask build` first", path.display()));
        match decode(&bytes).expect("a component") {
            DecodedWasm::Component(resolve, world) => Self::of(&resolve, world),
            DecodedWasm::WitPackage(..) => panic!("{component} is no component"),
        }
    }

    fn text(&self) -> String {
        let imports = self.imports.iter().map(|name| format!("import {name}\n"));
        imports
            .chain(self.exports.iter().map(|name| format!("export {name}\n")))
            .collect()
    }
}

#[test]
fn no_component_imports_more_than_its_world() {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).expect("wit/ is valid");
    for component in COMPONENTS {
        let world = resolve
            .select_world(&[package], Some(component))
            .expect("every component has a world of its name");
        let (declared, built) = (Boundary::of(&resolve, world), Boundary::built(component));
        let excess: Vec<_> = built.imports.difference(&declared.imports).collect();
        assert!(
            excess.is_empty(),
            "{component} imports what its world does not: {excess:?}"
        );
        assert_eq!(built.exports, declared.exports, "{component}");
    }
}

#[test]
fn every_components_imports_are_the_snapshot() {
    let folder = root().join("tests/component/imports");
    for component in COMPONENTS {
        let (path, built) = (
            folder.join(format!("{component}.txt")),
            Boundary::built(component).text(),
        );
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &built).expect("the snapshot can be written");
        }
        let snapshot = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(built, snapshot, "{component}: imports changed; is that wanted?");
    }
}
