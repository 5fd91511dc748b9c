//! Unit files as far as simulated machines understand them. Pure.
//!
//! Knows nothing of what is running.

/// The settings that matter of a unit file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UnitFile {
    /// `Type=oneshot`.
    pub(super) oneshot: bool,
    /// `RemainAfterExit=yes`.
    pub(super) remains: bool,
    /// `ConditionPathExists=`.
    pub(super) condition: Option<String>,
    /// `ExecStart=` taken apart.
    pub(super) start: Vec<String>,
    /// `ExecReload=` taken apart.
    pub(super) reload: Vec<String>,
    /// `ExecStop=` taken apart.
    pub(super) stop: Vec<String>,
}

impl UnitFile {
    pub(super) fn parse(text: &str) -> Self {
        let mut unit = Self::default();
        for (key, value) in text.lines().filter_map(|l| l.trim().split_once('=')) {
            let words = || value.trim_start_matches(['-', '+', '!']).split_whitespace().map(str::to_owned).collect();
            match key {
                "Type" => unit.oneshot = value == "oneshot",
                "RemainAfterExit" => unit.remains = value == "yes",
                "ConditionPathExists" => unit.condition = Some(value.to_owned()),
                "ExecStart" => unit.start = words(),
                "ExecReload" => unit.reload = words(),
                "ExecStop" => unit.stop = words(),
                // The rest makes no difference here.
                _ => {}
            }
        }
        unit
    }
}

/// systemd's names have a suffix.
pub(super) fn full_name(name: &str) -> String {
    const SUFFIXES: &[&str] = &[".service", ".timer", ".socket", ".target", ".mount", ".path", ".slice", ".swap"];
    if SUFFIXES.iter().any(|s| name.ends_with(s)) { name.to_owned() } else { format!("{name}.service") }
}
