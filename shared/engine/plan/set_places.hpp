#pragma once
// Where `set` puts values: `ctx.room.name` and {ctx: {room: {name: …}}} are the same place. Pure; any thread.
#include <string>
#include <string_view>

#include "shared/domain/playbook.hpp"

namespace noetl::engine {

// {ctx: {a: 1, room: {name: x}}} as {ctx.a: 1, ctx.room.name: x}, so that a second `set` of the same map adds to it. Only
// below a scope; a map that a template brings replaces what was there.
[[nodiscard]] domain::Json by_place(const domain::Json& set);
// Puts `value` at a dotted place and makes the maps on the way.
void put_at(domain::Json& map, std::string_view place, domain::Json value);

}  // namespace noetl::engine
