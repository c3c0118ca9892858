#pragma once
// JsonShape: how many values a JSON text has and how deep they nest, counted without making a tree of it: a tree takes up to
// thirty times its text, and many that read one do so by recursion. Of what is no JSON it says something or other: the
// parser's business. Pure; any thread.
#include <cstddef>
#include <string_view>

namespace noetl::domain {

// Levels of lists and maps: of a request and of a result.
inline constexpr std::size_t json_depth_max = 100;
// What an answer of a peer or a column may nest to become values rather than a text: a result has it some levels down.
inline constexpr std::size_t answer_depth_max = json_depth_max - 10;

// Of the result of one command: 24 MiB of rows.
inline constexpr std::size_t result_values_max = 2'000'000;

struct JsonShape {
  std::size_t values = 0;  // texts, numbers, words, lists, maps; names are none
  std::size_t depth = 0;
};

// Counting ends above `values_max`.
[[nodiscard]] JsonShape json_shape(std::string_view text, std::size_t values_max);

}  // namespace noetl::domain
