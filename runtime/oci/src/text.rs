//! How values that have a textual form stand in JSON.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use wattle_tree::Digest;

/// Beyond it, doubles do not tell whole numbers apart.
const MAX_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Reads `null` as the default: configurations written by other tools have it for empty lists and maps.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads numbers that are whole as whole numbers: the reference implementation turns `1` into `1.0` on its way.
pub(crate) fn integral<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    make_integral(&mut value);
    Ok(value)
}

#[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
fn make_integral(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|it| number.is_f64() && it.fract() == 0.0 && it.abs() <= MAX_INTEGER);
            if let Some(whole) = whole {
                *number = (whole as i64).into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_integral),
        Value::Object(values) => values.values_mut().for_each(make_integral),
        _ => {}
    }
}

/// True for what need not be written, because it is what would be read in its absence.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Compact JSON for the text of a label, letter for letter as the reference implementation writes it: what HTML could take
/// for its own stands as its number (none of it can be outside of strings).
pub(crate) fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let text = serde_json::to_string(value)?;
    let escaped = text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            c => escaped.push(c),
        }
        escaped
    });
    Ok(escaped)
}

/// A digest that serde can read and write.
struct Text(Digest);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Text).map_err(D::Error::custom)
    }
}

/// One digest.
pub(crate) mod digest {
    use super::{Deserialize, Deserializer, Digest, Serialize, Serializer, Text};

    pub(crate) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        Text(*digest).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        Ok(Text::deserialize(deserializer)?.0)
    }
}

/// A list of digests.
pub(crate) mod digests {
    use super::{Deserialize, Deserializer, Digest, Serializer, Text};

    pub(crate) fn serialize<S: Serializer>(digests: &[Digest], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(digests.iter().map(|digest| Text(*digest)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
        let digests: Option<Vec<Text>> = Option::deserialize(deserializer)?;
        Ok(digests.unwrap_or_default().into_iter().map(|text| text.0).collect())
    }
}

/// A digest, or the empty string for none.
pub(crate) mod digest_or_empty {
    use super::{Deserialize, Deserializer, Digest, Serialize, Serializer, Text};
    use serde::de::Error as _;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(digest: &Option<Digest>, serializer: S) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => Text(*digest).serialize(serializer),
            None => serializer.serialize_str(""),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Digest>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
    }
}
