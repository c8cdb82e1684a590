//! Bytes and texts: digests, encodings, files, shared arrays.

use super::{Desk, Phase, State};
use crate::loader::required;
use crate::raw::{array_bytes, buffer_bytes};
use digest::Digest;
use hmac::{Hmac, KeyInit, Mac};
use rquickjs::function::Func;
use rquickjs::{ArrayBuffer, Ctx, Exception, Object, Result, TypedArray, Value};
use std::rc::Rc;

/// The bytes of a text, an ArrayBuffer or a Uint8Array.
pub(crate) fn bytes(value: &Value) -> Option<Vec<u8>> {
    if let Some(text) = value.as_string() {
        return text.to_string().ok().map(String::into_bytes);
    }
    let object = value.as_object()?;
    if let Some(buffer) = ArrayBuffer::from_object(object.clone()) {
        return buffer_bytes(&buffer);
    }
    let array = TypedArray::<u8>::from_object(object.clone()).ok();
    // The engine leaves an error where an object is none of the two.
    value.ctx().catch();
    array_bytes(&array?)
}

fn needed(ctx: &Ctx, value: &Value) -> Result<Vec<u8>> {
    bytes(value).ok_or_else(|| {
        Exception::throw_message(ctx, "invalid type, expected string or ArrayBuffer")
    })
}

/// The digest of some bytes by this algorithm.
fn digest(algorithm: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        "md5" => md5::Md5::digest(bytes).to_vec(),
        "sha1" => sha1::Sha1::digest(bytes).to_vec(),
        "sha256" => sha2::Sha256::digest(bytes).to_vec(),
        "sha384" => sha2::Sha384::digest(bytes).to_vec(),
        "sha512" => sha2::Sha512::digest(bytes).to_vec(),
        "sha512_224" => sha2::Sha512_224::digest(bytes).to_vec(),
        "sha512_256" => sha2::Sha512_256::digest(bytes).to_vec(),
        "ripemd160" => ripemd::Ripemd160::digest(bytes).to_vec(),
        _ => return None,
    })
}

/// The keyed digest of some bytes by this algorithm.
fn keyed(algorithm: &str, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    macro_rules! by {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(key).ok()?;
            mac.update(bytes);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    Some(match algorithm {
        "md5" => by!(md5::Md5),
        "sha1" => by!(sha1::Sha1),
        "sha256" => by!(sha2::Sha256),
        "sha384" => by!(sha2::Sha384),
        "sha512" => by!(sha2::Sha512),
        "sha512_224" => by!(sha2::Sha512_224),
        "sha512_256" => by!(sha2::Sha512_256),
        "ripemd160" => by!(ripemd::Ripemd160),
        _ => return None,
    })
}

fn hashed<'js>(
    ctx: Ctx<'js>,
    algorithm: String,
    data: Value<'js>,
    key: Value<'js>,
) -> Result<Option<TypedArray<'js, u8>>> {
    let data = needed(&ctx, &data)?;
    let sum = if key.is_undefined() {
        digest(&algorithm, &data)
    } else {
        keyed(&algorithm, &needed(&ctx, &key)?, &data)
    };
    sum.map(|s| TypedArray::new(ctx, s)).transpose()
}

/// Gives the script its bytes and texts.
pub(crate) fn install<'js>(natives: &Object<'js>, desk: &Rc<Desk>) -> Result<()> {
    natives.set("hash", Func::from(hashed))?;
    natives.set(
        "bytes",
        Func::from(
            |ctx: Ctx<'js>, value: Value<'js>| -> Result<TypedArray<'js, u8>> {
                let bytes = needed(&ctx, &value)?;
                TypedArray::new(ctx, bytes)
            },
        ),
    )?;
    natives.set(
        "text",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| -> Result<String> {
            let bytes = needed(&ctx, &value)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "open",
        Func::from(move |ctx: Ctx<'js>, path: String, binary: bool| {
            open(&own.vu(), &ctx, &path, binary)
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "require",
        Func::from(move |ctx: Ctx<'js>, name: String, base: Option<String>| {
            if own.vu().phase.get() != Phase::Init {
                return Err(Exception::throw_message(
                    &ctx,
                    "the \"require\" function is only available in the init stage (i.e. the global scope)",
                ));
            }
            let base = base.unwrap_or_else(|| own.vu().script.files().main().to_owned());
            required(&ctx, &own.vu().script, &base, &name)
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "array",
        Func::from(move |name: String| own.vu().script.array(&name).map(|a| a.len())),
    )?;
    let own = desk.clone();
    natives.set(
        "element",
        Func::from(move |name: String, index: usize| {
            let array = own.vu().script.array(&name)?;
            array.get(index).cloned()
        }),
    )?;
    let own = desk.clone();
    natives.set(
        "keepArray",
        Func::from(move |name: String, elements: Vec<String>| {
            own.vu().script.keep_array(name, elements.into());
        }),
    )?;
    Ok(())
}

fn open<'js>(state: &State, ctx: &Ctx<'js>, path: &str, binary: bool) -> Result<Value<'js>> {
    if state.phase.get() != Phase::Init {
        return Err(Exception::throw_message(
            ctx,
            "The \"open()\" function is only available in the init stage (i.e. the global scope), see \
             https://grafana.com/docs/k6/latest/using-k6/test-lifecycle for more information",
        ));
    }
    let files = state.script.files();
    let bytes = files
        .beside(files.main(), path)
        .and_then(|name| files.bytes(&name))
        .map_err(|text| Exception::throw_message(ctx, &text))?;
    if binary {
        return Ok(ArrayBuffer::new_copy(ctx.clone(), &bytes[..])?.into_value());
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(rquickjs::String::from_str(ctx.clone(), &text)?.into_value())
}
