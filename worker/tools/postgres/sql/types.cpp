#include "worker/tools/postgres/sql/types.hpp"

#include <algorithm>
#include <array>

namespace noetl::tools::postgres {

namespace {

constexpr std::array<TypeId, 25> scalars{16,   17,   18,   19,   20,   21,   23,   25,   26,   114,  700,  701, 705,
                                         1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2950, 3802, 869};

struct ArrayType {
  TypeId array;
  TypeId element;
};
constexpr std::array<ArrayType, 22> arrays{
    {{1000, 16},  {1001, 17},   {1016, 20},   {1005, 21},   {1007, 23},   {1028, 26},  {199, 114},   {1021, 700},
     {1022, 701}, {1115, 1114}, {1185, 1184}, {1231, 1700}, {3807, 3802}, {1009, 25},  {1015, 1043}, {1014, 1042},
     {1003, 19},  {1182, 1082}, {1183, 1083}, {1270, 1266}, {1187, 1186}, {2951, 2950}}};

const ArrayType* known_array(TypeId id) {
  const auto* const found =
      std::find_if(arrays.begin(), arrays.end(), [&](const ArrayType& one) { return one.array == id; });
  return found == arrays.end() ? nullptr : found;
}

}  // namespace

bool Types::knows(TypeId id) const {
  return id == 0 || std::find(scalars.begin(), scalars.end(), id) != scalars.end() || known_array(id) != nullptr ||
         learned_.contains(id);
}

Type Types::of(TypeId id) const {
  if (const ArrayType* array = known_array(id)) return {.id = id, .element = array->element, .delimiter = ','};
  const auto learned = learned_.find(id);
  return learned == learned_.end() ? Type{.id = id, .element = 0, .delimiter = ','} : learned->second;
}

}  // namespace noetl::tools::postgres
