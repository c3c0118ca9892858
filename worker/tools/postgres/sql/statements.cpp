#include "worker/tools/postgres/sql/statements.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace noetl::tools::postgres {

namespace {

using Json = nlohmann::json;

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return starts_word(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

enum class Kind { space, comment, word, text, symbol };

struct Token {
  Kind kind = Kind::symbol;
  std::size_t end = 0;
};

std::size_t after_quotes(std::string_view sql, std::size_t at, char quote, bool has_escapes) {
  while (at < sql.size()) {
    if (has_escapes && sql[at] == '\\') {
      at += 2;
    } else if (sql[at] != quote) {
      ++at;
    } else if (at + 1 < sql.size() && sql[at + 1] == quote) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return sql.size();
}

std::size_t after_block_comment(std::string_view sql, std::size_t at) {
  int depth = 1;
  for (at += 2; at < sql.size() && depth > 0; ++at) {
    if (sql.substr(at, 2) == "/*") {
      ++depth;
      ++at;
    } else if (sql.substr(at, 2) == "*/") {
      --depth;
      ++at;
    }
  }
  return at;
}

// At a '$': the end of a dollar quoted text, or nothing when this is none.
std::optional<std::size_t> after_dollar_quotes(std::string_view sql, std::size_t at) {
  std::size_t tag_end = at + 1;
  if (tag_end < sql.size() && is_digit(sql[tag_end])) return std::nullopt;
  while (tag_end < sql.size() && is_word(sql[tag_end])) ++tag_end;
  if (tag_end >= sql.size() || sql[tag_end] != '$') return std::nullopt;
  const std::string_view tag = sql.substr(at, tag_end + 1 - at);
  const std::size_t close = sql.find(tag, tag_end + 1);
  return close == std::string_view::npos ? sql.size() : close + tag.size();
}

Token word_at(std::string_view sql, std::size_t at) {
  std::size_t end = at;
  while (end < sql.size() && (is_word(sql[end]) || sql[end] == '$')) ++end;
  // E'…', U&'…', B'…', X'…', N'…' are one text.
  if (end - at == 1 && end < sql.size() && sql[end] == '\'') {
    const char prefix = sql[at];
    if (std::string_view("eE").find(prefix) != std::string_view::npos) {
      return {Kind::text, after_quotes(sql, end + 1, '\'', true)};
    }
    if (std::string_view("bBxXnN").find(prefix) != std::string_view::npos) {
      return {Kind::text, after_quotes(sql, end + 1, '\'', false)};
    }
  }
  return {Kind::word, end};
}

Token token_at(std::string_view sql, std::size_t at) {
  const char c = sql[at];
  if (is_space(c)) return {Kind::space, at + 1};
  if (sql.substr(at, 2) == "--") return {Kind::comment, std::min(sql.find('\n', at), sql.size())};
  if (sql.substr(at, 2) == "/*") return {Kind::comment, after_block_comment(sql, at)};
  if (c == '\'' || c == '"') return {Kind::text, after_quotes(sql, at + 1, c, false)};
  if (c == '$') {
    if (const auto end = after_dollar_quotes(sql, at)) return {Kind::text, *end};
    return {Kind::symbol, at + 1};
  }
  if (starts_word(c)) return word_at(sql, at);
  if (is_digit(c)) {
    std::size_t end = at + 1;
    while (end < sql.size() && is_word(sql[end])) ++end;
    return {Kind::symbol, end};
  }
  return {Kind::symbol, at + 1};
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return result;
}

// The first words of a statement, in lower case, until something else comes.
std::vector<std::string> first_words(std::string_view statement, std::size_t count) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < statement.size() && words.size() < count;) {
    const Token token = token_at(statement, at);
    if (token.kind == Kind::word) words.push_back(lower(statement.substr(at, token.end - at)));
    if (token.kind == Kind::text || token.kind == Kind::symbol) break;
    at = token.end;
  }
  return words;
}

// Knows whether a semicolon ends the statement: not within parentheses (rules), nor within BEGIN ATOMIC … END.
class Nesting {
 public:
  void see_word(std::string_view word) {
    const std::string text = lower(word);
    ++words_;
    if (words_ == 1) is_create_ = text == "create";
    if (is_create_ && words_ <= 4 && (text == "function" || text == "procedure")) is_routine_ = true;
    if (!is_routine_) return;
    if (text == "atomic" && last_ == "begin")
      bodies_ = 1;
    else if (bodies_ > 0 && text == "case")
      ++bodies_;
    else if (bodies_ > 0 && text == "end")
      --bodies_;
    last_ = text;
  }
  void see_symbol(char c) {
    if (c == '(') ++parentheses_;
    if (c == ')' && parentheses_ > 0) --parentheses_;
  }
  [[nodiscard]] bool is_open() const { return parentheses_ > 0 || bodies_ > 0; }

 private:
  int words_ = 0;
  int parentheses_ = 0;
  int bodies_ = 0;
  bool is_create_ = false;
  bool is_routine_ = false;
  std::string last_;
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Rewrites the parameters of one statement.
class Binder {
 public:
  Binder(std::string_view sql, const Json& parameters, std::size_t& formats)
      : sql_(sql), parameters_(parameters), formats_(formats) {}

  base::Result<Statement> run() {
    for (std::size_t at = 0; at < sql_.size();) {
      std::size_t end = 0;
      if (parameters_.is_array()) end = list_parameter(at);
      if (parameters_.is_object()) end = named_parameter(at);
      if (end == 0) {
        end = token_at(sql_, at).end;
        statement_.text.append(sql_, at, end - at);
      }
      at = end;
    }
    if (!missing_.empty()) return base::failure(base::ErrorCode::invalid_input, missing_, "params");
    return std::move(statement_);
  }

 private:
  // $1 and %s; 0 when neither is here.
  std::size_t list_parameter(std::size_t at) {
    if (sql_[at] == '%' && at + 1 < sql_.size() && sql_[at + 1] == 's' &&
        (at + 2 == sql_.size() || !is_word(sql_[at + 2]))) {
      use(++formats_);
      return at + 2;
    }
    if (sql_[at] != '$' || at + 1 >= sql_.size() || !is_digit(sql_[at + 1])) return 0;
    std::size_t number = 0;
    const char* const end = std::from_chars(sql_.data() + at + 1, sql_.data() + sql_.size(), number).ptr;
    use(number);
    return static_cast<std::size_t>(end - sql_.data());
  }

  void use(std::size_t number) {
    if (number == 0 || number > parameters_.size()) {
      missing_ = "parameter $" + std::to_string(number) + " has no value: option 'params' has " +
                 std::to_string(parameters_.size());
      return;
    }
    // Numbered anew: Postgres wants all from $1 on, and this statement may name only some.
    auto [known, is_new] = numbers_.emplace(std::to_string(number), numbers_.size() + 1);
    if (is_new) statement_.values.push_back(parameters_.at(number - 1));
    statement_.text += "$" + std::to_string(known->second);
  }

  // :name and %(name)s; 0 when neither is here.
  std::size_t named_parameter(std::size_t at) {
    std::size_t begin = at + 1;
    std::size_t end = begin;
    if (sql_.substr(at, 2) == "%(") {
      begin = at + 2;
      end = sql_.find(")s", begin);
      if (end == std::string_view::npos) return 0;
      put(std::string(sql_.substr(begin, end - begin)));
      return end + 2;
    }
    const bool is_cast = at > 0 && sql_[at - 1] == ':';
    if (sql_[at] != ':' || is_cast || begin >= sql_.size() || !starts_word(sql_[begin])) return 0;
    while (end < sql_.size() && is_word(sql_[end])) ++end;
    const std::string name(sql_.substr(begin, end - begin));
    if (!parameters_.contains(name)) return 0;  // a slice such as a[i:j] is no parameter
    put(name);
    return end;
  }

  void put(const std::string& name) {
    if (!parameters_.contains(name)) {
      missing_ = "parameter '" + name + "' has no value in option 'params'";
      return;
    }
    auto [known, is_new] = numbers_.emplace(name, numbers_.size() + 1);
    if (is_new) statement_.values.push_back(parameters_.at(name));
    statement_.text += "$" + std::to_string(known->second);
  }

  std::string_view sql_;
  const Json& parameters_;
  Statement statement_;
  std::size_t& formats_;
  std::map<std::string, std::size_t> numbers_;
  std::string missing_;
};

}  // namespace

std::vector<SplitStatement> split_statements(std::string_view sql) {
  std::vector<SplitStatement> statements;
  std::size_t counted = 0;  // up to here the lines are
  int line = 1;
  std::size_t begin = sql.size();  // of the statement: its first token that says something
  std::size_t end = 0;
  Nesting nesting;
  const auto finish = [&] {
    if (end > begin) {
      line += static_cast<int>(std::count(sql.begin() + static_cast<std::ptrdiff_t>(counted),
                                          sql.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
      counted = begin;
      statements.push_back({.text = std::string(sql.substr(begin, end - begin)), .line = line});
    }
    begin = sql.size();
    end = 0;
    nesting = Nesting();
  };
  for (std::size_t at = 0; at < sql.size();) {
    const Token token = token_at(sql, at);
    if (token.kind == Kind::symbol && sql[at] == ';' && !nesting.is_open()) {
      finish();
    } else if (token.kind != Kind::space && token.kind != Kind::comment) {
      if (token.kind == Kind::word) nesting.see_word(sql.substr(at, token.end - at));
      if (token.kind == Kind::symbol) nesting.see_symbol(sql[at]);
      begin = std::min(begin, at);
      end = token.end;
    }
    at = token.end;
  }
  finish();
  return statements;
}

bool is_transaction_control(std::string_view statement) {
  const auto words = first_words(statement, 2);
  if (words.empty()) return false;
  if (is_one_of(words[0], {"begin", "commit", "end", "rollback", "abort", "savepoint", "release"})) return true;
  return words.size() > 1 &&
         ((words[0] == "start" && words[1] == "transaction") || (words[0] == "prepare" && words[1] == "transaction"));
}

bool refuses_transaction(std::string_view statement) {
  const auto words = first_words(statement, 6);
  if (words.empty()) return false;
  if (words[0] == "vacuum") return true;
  if (words.size() < 2) return false;
  const bool is_definition = is_one_of(words[0], {"create", "drop", "alter"});
  if (is_definition && is_one_of(words[1], {"database", "tablespace", "subscription"})) return true;
  if (words[0] == "alter" && words[1] == "system") return true;
  if (words[0] == "reindex" && is_one_of(words[1], {"database", "system", "schema"})) return true;
  return words[0] != "refresh" && std::find(words.begin(), words.end(), "concurrently") != words.end();
}

bool may_return_rows(std::string_view statement) {
  const auto words = first_words(statement, 1);
  if (words.empty()) return true;
  if (is_one_of(words[0], {"begin", "commit", "end",     "rollback", "abort",   "savepoint", "release",
                           "start", "set",    "reset",   "create",   "drop",    "alter",     "truncate",
                           "grant", "revoke", "comment", "vacuum",   "analyze", "do",        "lock"}))
    return false;
  if (!is_one_of(words[0], {"insert", "update", "delete"})) return true;
  for (std::size_t at = 0; at < statement.size();) {
    const Token token = token_at(statement, at);
    if (token.kind == Kind::word && lower(statement.substr(at, token.end - at)) == "returning") return true;
    at = token.end;
  }
  return false;
}

base::Result<Statement> bind_parameters(std::string_view statement, const Json& parameters, std::size_t& formats_used) {
  if (parameters.is_null() || parameters.empty())
    return Statement{.text = std::string(statement), .values = {}, .places = {}};
  return Binder(statement, parameters, formats_used).run();
}

std::string quoted_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

base::Result<std::string> quoted_name(std::string_view dotted) {
  std::string quoted;
  for (std::size_t at = 0; at <= dotted.size();) {
    const bool is_quoted = at < dotted.size() && dotted[at] == '"';
    const std::size_t end =
        is_quoted ? after_quotes(dotted, at + 1, '"', false) : std::min(dotted.find('.', at), dotted.size());
    const std::string_view part = dotted.substr(at, end - at);
    const bool is_whole = end == dotted.size() || dotted[end] == '.';
    if (part.empty() || !is_whole || part.find('\0') != std::string_view::npos ||
        (is_quoted && (part.size() < 3 || part.back() != '"'))) {
      return base::failure(base::ErrorCode::invalid_input,
                           "'" + std::string(dotted) + "' is no name of a table or column");
    }
    quoted += quoted.empty() ? "" : ".";
    // As SQL reads it: a plain name is folded to lower case, reserved words included.
    quoted += is_quoted ? std::string(part) : quoted_identifier(lower(part));
    at = end + 1;
  }
  return quoted;
}

}  // namespace noetl::tools::postgres
