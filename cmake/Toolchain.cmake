# Compiler flags that every target of ours gets, and the tools that keep builds short.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # No precompiled headers: they gain a second a file and cost the cache its hits between build folders.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(noetl_flags INTERFACE)
target_compile_options(noetl_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror
  $<$<CONFIG:Release>:-O2>)
target_include_directories(noetl_flags INTERFACE ${CMAKE_SOURCE_DIR})

# Hardening of the compiler and the linker; tests/security reads it back from the programs with readelf.
if(NOT NOETL_SANITIZE)
  add_compile_options(-fPIE -fstack-protector-strong -fstack-clash-protection
    "$<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>" -D_GLIBCXX_ASSERTIONS)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    add_compile_options(-mbranch-protection=standard)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)
endif()

if(NOETL_SANITIZE)
  # GCC takes 23 s with -O1 and 9 s without for a file that UBSan has filled with checks. Line tables do for reports.
  if(NOETL_SANITIZE MATCHES thread)
    set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
  else()
    set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O0 -g1 -DNDEBUG")
  endif()
  add_compile_options(-fsanitize=${NOETL_SANITIZE} -fno-omit-frame-pointer)
  # GCC 12 takes the assignment of a literal to a string for an overlapping copy there (its bug 105651).
  target_compile_options(noetl_flags INTERFACE -Wno-restrict)
  add_link_options(-fsanitize=${NOETL_SANITIZE})
endif()
if(NOETL_FUZZ)
  # clang warns of other things than the compiler that the programs are made with; every finding of its sanitizers ends.
  target_compile_options(noetl_flags INTERFACE -Wno-error)
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all)
endif()

find_package(Threads REQUIRED)
