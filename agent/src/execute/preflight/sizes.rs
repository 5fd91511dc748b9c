//! Whether the machine is large enough. Pure.

use ha_domain::report::Facts;
use ha_domain::step::Preflight;

use super::{Finding, Measured};

pub(super) fn facts(facts: &Facts) -> Measured {
    crate::execute::distro::facts([
        ("os", facts.os.clone()),
        ("kernel", facts.kernel.clone()),
        ("cpus", facts.cpus.to_string()),
        ("memoryMib", facts.memory_mib.to_string()),
        ("diskGib", facts.disk_gib.to_string()),
    ])
}

/// 0 asks for nothing.
pub(super) fn check(a: &Preflight, facts: &Facts) -> Vec<Finding> {
    let sizes = [
        ("processor cores", u64::from(facts.cpus), u64::from(a.minimum.cpus)),
        ("MiB of memory", facts.memory_mib, a.minimum.memory_mib),
        ("GiB of disk", facts.disk_gib, a.minimum.disk_gib),
    ];
    let small = sizes.into_iter().filter(|(_, has, needs)| has < needs);
    let text = |what, has, needs| {
        format!("{has} {what}, a {} needs {needs}: enlarge the machine, or set preflight.sizes", a.role)
    };
    small.map(|(what, has, needs)| Finding::refusal("sizes", text(what, has, needs))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::asked;
    use super::*;

    #[test]
    fn a_machine_that_is_too_small_is_told_what_it_lacks() {
        let facts = Facts { cpus: 1, memory_mib: 4096, disk_gib: 3, ..Facts::default() };
        let found: Vec<_> = check(&asked(), &facts).into_iter().map(|f| f.text).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("1 processor cores, a control-plane needs 2"), "{found:?}");
    }

    #[test]
    fn zero_switches_a_size_off() {
        let mut a = asked();
        a.minimum = ha_domain::step::Sizes { cpus: 0, memory_mib: 0, disk_gib: 0 };
        assert_eq!(check(&a, &Facts::default()), []);
    }
}
