//! Names of machines, short where they count up.

/// `m1..m3 w1 w2`: three or more that count up are a range.
pub(crate) fn ranges(names: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = names;
    while let Some(first) = rest.first() {
        let run = 1 + rest.windows(2).take_while(|pair| follows(&pair[0], &pair[1])).count();
        let (taken, left) = rest.split_at(run);
        match taken {
            [_, _, .., last] => parts.push(format!("{first}..{last}")),
            few => parts.extend(few.iter().cloned()),
        }
        rest = left;
    }
    parts.join(" ")
}

fn follows(one: &str, next: &str) -> bool {
    let split = |name: &str| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        let number = name[stem.len()..].parse::<u64>().ok();
        (stem, number)
    };
    let ((stem, number), (next_stem, next_number)) = (split(one), split(next));
    stem == next_stem && number.is_some() && number.map(|n| n + 1) == next_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_count_up_are_a_range() {
        let names = |text: &str| ranges(&text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(names("m1 m2 m3 w1 w2"), "m1..m3 w1 w2");
        assert_eq!(names("a9 a10 a11 b"), "a9..a11 b");
        assert_eq!(names("m1 m3 m2"), "m1 m3 m2");
    }
}
