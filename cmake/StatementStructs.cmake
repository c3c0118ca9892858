# Writes OUTPUT: for every statement of FILES (sql/queries) a struct that has its parameters as members, in their order. They stand in
# its lines `-- takes: name type[ or null], …`; a test holds their types against what Postgres makes of the statement.
set(TYPES_OF_NUMBERS bigint integer smallint boolean "double precision")
set(CPP_OF_NUMBERS std::int64_t int int bool double)
file(WRITE ${OUTPUT}.tmp "#pragma once
// Generated from sql/queries by cmake/StatementStructs.cmake; do not edit. A statement is run with its struct, whose members must be
// named in their order: Session::run(queries::LatestCatalogEntry{.path = path}). Values.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace noetl::queries {
")
set(NUMBER 0)
set(NAMES "")

# One statement; NAME, MEMBERS and VALUES are what was read of it.
macro(write_statement)
  if(NAME)
    string(REPLACE "_" ";" WORDS ${NAME})
    set(STRUCT "")
    foreach(WORD IN LISTS WORDS)
      string(SUBSTRING ${WORD} 0 1 FIRST)
      string(SUBSTRING ${WORD} 1 -1 REST)
      string(TOUPPER ${FIRST} FIRST)
      string(APPEND STRUCT ${FIRST}${REST})
    endforeach()
    list(JOIN VALUES ", " LISTED)
    file(APPEND ${OUTPUT}.tmp "\nstruct ${STRUCT} {
  static constexpr const char* statement = \"${NAME}\";
  static constexpr std::size_t number = ${NUMBER};
${MEMBERS}  template <class Run>
  auto pass(const Run& run) && {
    return run(${LISTED});
  }
};
")
    string(APPEND NAMES "    \"${NAME}\",\n")
    math(EXPR NUMBER "${NUMBER} + 1")
  endif()
endmacro()

set(NAME "")
foreach(FILE ${FILES})
  file(STRINGS ${FILE} LINES REGEX "^-- (name|takes): ")
  foreach(LINE IN LISTS LINES)
    if(LINE MATCHES "^-- name: ([a-z0-9_]+)$")
      set(NEXT ${CMAKE_MATCH_1})
      write_statement()
      set(NAME ${NEXT})
      set(MEMBERS "")
      set(VALUES "")
    elseif(LINE MATCHES "^-- takes: (.+)$")
      string(REGEX REPLACE ", *" ";" PARAMETERS ${CMAKE_MATCH_1})
      foreach(PARAMETER IN LISTS PARAMETERS)
        if(NOT PARAMETER MATCHES "^([a-z_]+) [a-z]+( precision)?(\\[\\])?( or null)?$")
          message(FATAL_ERROR "${FILE}: statement ${NAME} takes '${PARAMETER}', which is no `name type` or `name type or null`")
        endif()
        set(MEMBER ${CMAKE_MATCH_1})
        string(REGEX REPLACE "^${MEMBER} " "" TYPE ${PARAMETER})
        string(REGEX REPLACE " or null$" "" PLAIN ${TYPE})
        list(FIND TYPES_OF_NUMBERS ${PLAIN} AT)
        if(AT EQUAL -1)
          set(CPP "std::string")  # arrays and times as well: Postgres reads their text
        else()
          list(GET CPP_OF_NUMBERS ${AT} CPP)
        endif()
        if(NOT TYPE STREQUAL PLAIN)
          set(CPP "std::optional<${CPP}>")
        endif()
        string(APPEND MEMBERS "  ${CPP} ${MEMBER};\n")
        list(APPEND VALUES "std::move(${MEMBER})")
      endforeach()
    else()
      message(FATAL_ERROR "${FILE}: '${LINE}' names no statement")
    endif()
  endforeach()
endforeach()
write_statement()
file(APPEND ${OUTPUT}.tmp "\n// By their numbers.\ninline constexpr const char* all[] = {\n${NAMES}};\n\n}  // namespace noetl::queries\n")
file(RENAME ${OUTPUT}.tmp ${OUTPUT})
