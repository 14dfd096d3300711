//! The files a component sees: copies in a folder of its own, so that it can not reach others, and can not write.

use std::path::{Component as Part, Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::manifest::{Component, Manifest, Mount};

/// Copies the component's files below `folder`, and returns the folder to mount as `/`; none if it has no files.
pub(crate) fn lay_out(manifest: &Manifest, component: &Component, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    if component.files.is_empty() {
        return Ok(None);
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    for mount in &component.files {
        let (source, destination) = match mount {
            Mount::Pattern(path) => {
                ensure!(
                    !path.contains(['*', '?', '[']),
                    "`{path}`: patterns are not known here; name the file or its folder"
                );
                (path, path.as_str())
            }
            Mount::Placed { source, destination } => {
                let inside = destination.strip_prefix('/');
                (
                    source,
                    inside.with_context(|| format!("`{destination}` is not absolute"))?,
                )
            }
        };
        let is_plain = |part| matches!(part, Part::Normal(_));
        if !Path::new(destination).components().all(is_plain) {
            bail!("`{destination}` leads out of the component's files");
        }
        let from = manifest.path(source);
        copy(&from, &folder.join(destination)).with_context(|| format!("can not copy {}", from.display()))?;
    }
    Ok(Some(folder.to_owned()))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::copy(from, to).map(drop)
}
