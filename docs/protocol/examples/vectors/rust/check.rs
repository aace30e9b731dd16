//! Holds layers.rs against certified test vectors in float64: rustc -O check.rs && ./check linear.json softmax.json
#![allow(non_snake_case)] // names are the mathematics: W, dZ, S
mod layers;
use layers::{Array, FUNCTIONS};

/// "0x1.8p+1" is 3: a whole number of 16ths times a power of two, in two exact steps; null is NaN.
fn number(text: &str) -> f64 {
    let text = text.trim_matches('"');
    let Some((head, exponent)) = text.split_once('p') else {
        return if text == "null" { f64::NAN } else { text.parse().expect("a number") };
    };
    let (whole, rest) = head.split_once('.').unwrap_or((head, ""));
    let digits = format!("{whole}{rest}").replace("0x", "");
    let power = exponent.parse::<i32>().expect("an exponent") - 4 * rest.len() as i32;
    let whole = i64::from_str_radix(&digits, 16).expect("hexadecimal digits") as f64;
    let size = whole * 2f64.powi(power / 2) * 2f64.powi(power - power / 2);
    if head.starts_with('-') { -size.abs() } else { size }
}

/// The list that follows a key.
fn list(text: &str, key: &str) -> Vec<f64> {
    let from = &text[text.find(key).expect(key) + key.len() + 1..];
    from[..from.find(']').expect("]")].split(',').filter(|each| !each.is_empty()).map(number).collect()
}

/// Is every entry that a function gives for the case in this line within its bounds?
fn holds(line: &str, call: fn(&[Array]) -> Vec<Array>) -> bool {
    let (given, expected) = line.split_once("\"outputs\":").expect("outputs");
    let read = |text| {
        let shape: Vec<f64> = list(text, ":");
        let size = |axis| shape.get(axis).map_or(1, |size| *size as usize);
        Array { rows: size(0), columns: size(1), data: list(text, "\"data\":") }
    };
    let inputs: Vec<Array> = given.split("\"shape\"").skip(1).map(read).collect();
    call(&inputs).iter().zip(expected.split("\"shape\"").skip(1)).all(|(found, bound)| {
        let (low, high) = (list(bound, "\"low\":"), list(bound, "\"high\":"));
        let within = |(k, y): (usize, &f64)| low[k].is_nan() || (low[k] <= *y && *y <= high[k]);
        found.data.len() == low.len() && found.data.iter().enumerate().all(within)
    })
}

fn main() {
    let (mut tried, mut wrong) = (0, 0);
    for path in std::env::args().skip(1) {
        for line in std::fs::read_to_string(&path).expect(&path).lines() {
            for (name, call) in FUNCTIONS {
                if line.starts_with(&format!("{{\"function\":\"{name}\",\"dtype\":\"float64\"")) {
                    tried += 1;
                    if !holds(line, *call) {
                        wrong += 1;
                        println!("{name} is wrong: {}", &line[line.find("\"flags\"").unwrap_or(0)..line.len().min(120)]);
                    }
                }
            }
        }
    }
    println!("{wrong} of {tried} cases are wrong");
    std::process::exit(i32::from(wrong > 0 || tried == 0));
}
