#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

#include <gluster/codec.hpp>

// Values between JSON and frames, by a type's structural text alone: it decides the form on the wire, so any kernel can be called
// from a command line without a line of code for it.
//
//     bool                    true, false                [T] [T;4] {K} (A,B) struct(A,B)   an array
//     i8..u64 enum            a number in its range      {str:V}                           an object
//     f32 f64 f80             a number; "nan", "inf",    {K:V}                             an array of pairs
//                             "-inf" (null is read too)  T? *T &T                          null, or the value
//     char                    "x", or a number           <A|B>      the value; written as the first alternative that it fits
//     str                     a string                   complex    [re, im]        void   null
//
// A number is never changed: 3.0 is an i32, 3.5 and 3000000000 are not, nor is 16777217 an f32; only what has a decimal point is
// rounded to an f32 or f64, and an f32 is written by its own digits (0.1f is 0.1). What does not come back as it was: an f80 as an f64, a shared_ptr's second owner as a copy, an optional's
// null inside an optional, bytes of a `str` that are no UTF-8 (they are kept; Json::dump wants an error handler for them).
namespace gluster::plugin {

// Encodes `value` as a `type`; `out` owns all it needs. Throws UsageError that says where in the value it does not fit
// (`[2].name: expected i32, got "x"`) or why the type has no form in JSON, and PluginError for a malformed text; `out` is to be
// thrown away then.
void encode_json(const nlohmann::json& value, const std::string& type, Encoder& out);

// Decodes a `type`, in two halves as all decoding has: `value` must hold still until Decoder::finish, which fills in what came in
// segments. Either half throws DataError for a malformed frame, and UsageError for a value that JSON cannot have: a shared_ptr that
// leads back to itself, or one that is too deep. Throws as encode_json does for the type.
void decode_json(const std::string& type, Decoder& in, nlohmann::json& value);

}  // namespace gluster::plugin
