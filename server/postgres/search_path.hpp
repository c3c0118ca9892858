#pragma once
// What our own connections look names up in, whatever the role or the database has as its search_path: statements name the schema noetl
// themselves, so that nothing in another schema stands in for a function, an operator or a table of theirs. Any thread.

namespace noetl::postgres {

inline constexpr const char* own_search_path = "pg_catalog, pg_temp";

}  // namespace noetl::postgres
