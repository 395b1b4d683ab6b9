//! What is mapped where: `/proc/self/maps`, and the build ids of the files.

use object::Object;

/// A file that is mapped with executable pages.
pub(crate) struct Mapping {
    pub lo: u64,
    pub hi: u64,
    pub offset: u64,
    pub file: String,
    pub build_id: String,
}

/// The build id of an ELF file, in hexadecimal digits; empty if it has none, or cannot be read.
fn build_id(file: &str) -> String {
    let Ok(data) = std::fs::read(file) else { return String::new() };
    let Ok(elf) = object::File::parse(&*data) else { return String::new() };
    match elf.build_id() {
        Ok(Some(id)) => id.iter().map(|b| format!("{b:02x}")).collect(),
        _ => String::new(),
    }
}

/// The executable mappings of this process.
pub(crate) fn mappings() -> Vec<Mapping> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().filter_map(mapping).collect()
}

/// A line of the list: `lo-hi perm offset dev inode file`.
fn mapping(line: &str) -> Option<Mapping> {
    let mut rest = line;
    let mut next = || {
        let (field, more) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = more.trim_start();
        field
    };
    let (lo, hi) = next().split_once('-')?;
    let hex = |s: &str| u64::from_str_radix(s, 16).ok();
    let (lo, hi) = (hex(lo)?, hex(hi)?);
    if next().as_bytes().get(2) != Some(&b'x') {
        return None;
    }
    let offset = hex(next())?;
    next();
    let inode = next();
    let file = rest.strip_suffix(" (deleted)").unwrap_or(rest).to_string();
    // Memory without a file, but for the kernel's own, which has a name.
    if inode == "0" && file.is_empty() {
        return None;
    }
    let build_id = if file.starts_with('/') { build_id(&file) } else { String::new() };
    Some(Mapping { lo, hi, offset, file, build_id })
}
