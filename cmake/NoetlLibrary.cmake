# noetl_library(NAME SOURCES a.cpp … LINKS other libraries …) makes target noetl_NAME.
# LINKS are PUBLIC: they are the arrows of docs/internals/architecture.md, and nothing else is visible.
function(noetl_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_SOURCES)
    add_library(noetl_${NAME} STATIC ${ARG_SOURCES})
    target_link_libraries(noetl_${NAME} PUBLIC ${ARG_LINKS} Threads::Threads PRIVATE noetl_flags ${ARG_PRIVATE_LINKS})
    target_include_directories(noetl_${NAME} PUBLIC ${CMAKE_SOURCE_DIR})
  else()
    add_library(noetl_${NAME} INTERFACE)
    target_link_libraries(noetl_${NAME} INTERFACE ${ARG_LINKS} Threads::Threads)
    target_include_directories(noetl_${NAME} INTERFACE ${CMAKE_SOURCE_DIR})
  endif()
endfunction()

# noetl_program(NAME SOURCES … LINKS …) makes an executable NAME in <build>/bin.
function(noetl_program NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE noetl_flags ${ARG_LINKS})
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# noetl_test(NAME SOURCES … LINKS …) makes a doctest executable and one ctest entry.
# The suffix of NAME says what it needs: _unit nothing, _integration real servers, _e2e processes.
function(noetl_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE noetl_flags ${ARG_LINKS} doctest::doctest)
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${NAME} PRIVATE ${CMAKE_BINARY_DIR}/generated)
  add_test(NAME ${NAME} COMMAND ${NAME})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT})
endfunction()

# noetl_embed_sql(TARGET HEADER_NAME NAMESPACE files…): the text of SQL files as a generated source.
function(noetl_embed_files OUTPUT SYMBOL NAMESPACE)
  set(SCRIPT ${CMAKE_SOURCE_DIR}/cmake/EmbedFiles.cmake)
  add_custom_command(OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${OUTPUT} -DSYMBOL=${SYMBOL} -DNAMESPACE=${NAMESPACE}
            "-DFILES=${ARGN}" -P ${SCRIPT}
    DEPENDS ${ARGN} ${SCRIPT} VERBATIM)
endfunction()
