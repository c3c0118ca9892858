# Files of a target are compiled several at a time: a cold build takes a fifth of the time. Off, each by itself: less to compile after
# an edit, and what ./dev check does, so that each file includes what it uses.
option(NOETL_UNITY "Compile several files of a target at a time" ON)
set(NOETL_UNITY_FILES 12)  # at a time; more would leave a processor idle at the end of a target
# GCC stops inlining when a unit has grown by two fifths, once it is larger than this: as large as twelve small units together.
set(NOETL_UNITY_OPTIONS $<$<CXX_COMPILER_ID:GNU>:--param=large-unit-insns=200000>)

# noetl_unity(TARGET files…): those together, some at a time, and with none of another call.
function(noetl_unity TARGET)
  if(NOT NOETL_UNITY)
    return()
  endif()
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  list(GET ARGN 0 FIRST)
  string(MAKE_C_IDENTIFIER "${FIRST}" FIRST)
  set(COUNT 0)
  foreach(FILE ${ARGN})
    math(EXPR GROUP "${COUNT} / ${NOETL_UNITY_FILES}")
    math(EXPR COUNT "${COUNT} + 1")
    set_source_files_properties(${FILE} PROPERTIES UNITY_GROUP "${TARGET}_${FIRST}_${GROUP}")
  endforeach()
endfunction()

# noetl_library(NAME SOURCES a.cpp … LINKS other libraries …) makes target noetl_NAME.
# LINKS are PUBLIC: they are the arrows of docs/internals/architecture.md, and nothing else is visible. APART are more sources, whose
# objects may stay out of a program that links this library by object: the simulator.
function(noetl_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;APART;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_SOURCES)
    add_library(noetl_${NAME} STATIC ${ARG_SOURCES} ${ARG_APART})
    target_link_libraries(noetl_${NAME} PUBLIC ${ARG_LINKS} Threads::Threads PRIVATE $<BUILD_INTERFACE:noetl_flags> ${ARG_PRIVATE_LINKS})
    target_include_directories(noetl_${NAME} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
    noetl_unity(noetl_${NAME} ${ARG_SOURCES})
    if(NOETL_UNITY)
      target_compile_options(noetl_${NAME} PRIVATE ${NOETL_UNITY_OPTIONS})
    endif()
    if(ARG_APART)
      noetl_unity(noetl_${NAME} ${ARG_APART})
    endif()
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
  noetl_unity(${NAME} ${ARG_SOURCES})
endfunction()

# noetl_test(NAME SOURCES … LINKS …) makes a doctest executable and one ctest entry.
# The suffix of NAME says what it needs: _unit nothing, _integration real servers, _e2e processes.
function(noetl_test NAME)
  cmake_parse_arguments(ARG "SEPARATE" "TIMEOUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE noetl_flags ${ARG_LINKS} doctest::doctest)
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  # A file with doctest's main, and what a test calls SEPARATE (helpers of one name in several files), by themselves.
  if(NOT ARG_SEPARATE)
    foreach(FILE ${ARG_SOURCES})
      set(MAIN "")
      if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${FILE})
        file(STRINGS ${FILE} MAIN REGEX "DOCTEST_CONFIG_IMPLEMENT" LIMIT_COUNT 1)
      endif()
      if(NOT MAIN)
        list(APPEND TOGETHER ${FILE})
      endif()
    endforeach()
    if(TOGETHER)
      noetl_unity(${NAME} ${TOGETHER})
    endif()
  endif()
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
