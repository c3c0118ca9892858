#pragma once
// Types: what a session knows of pg_type: which types are arrays, of what, and what lies below a domain. The
// common ones by heart; of others it learns what the server says. One thread, as the connection that owns it.
#include <map>

namespace noetl::tools::postgres {

using TypeId = unsigned;  // an OID of pg_type

// pg_type.oid of what has a form of its own. Fixed for ever: see pg_type.dat.
namespace type {
constexpr TypeId boolean = 16;
constexpr TypeId bytea = 17;
constexpr TypeId int8 = 20;
constexpr TypeId int2 = 21;
constexpr TypeId int4 = 23;
constexpr TypeId text = 25;
constexpr TypeId oid = 26;
constexpr TypeId json = 114;
constexpr TypeId float4 = 700;
constexpr TypeId float8 = 701;
constexpr TypeId varchar = 1043;
constexpr TypeId date = 1082;
constexpr TypeId time = 1083;
constexpr TypeId timestamp = 1114;
constexpr TypeId timestamptz = 1184;
constexpr TypeId interval = 1186;
constexpr TypeId timetz = 1266;
constexpr TypeId numeric = 1700;
constexpr TypeId uuid = 2950;
constexpr TypeId jsonb = 3802;
}  // namespace type

struct Type {
  TypeId id = 0;  // of a domain: what lies below it
  TypeId element = 0;  // of an array; else 0
  char delimiter = ',';  // between the elements
};

class Types {
 public:
  [[nodiscard]] bool knows(TypeId id) const;
  // A type that is not known is none but itself.
  [[nodiscard]] Type of(TypeId id) const;
  void learn(TypeId id, Type type) { learned_.insert_or_assign(id, type); }

 private:
  std::map<TypeId, Type> learned_;
};

}  // namespace noetl::tools::postgres
