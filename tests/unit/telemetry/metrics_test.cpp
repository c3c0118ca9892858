#include <doctest/doctest.h>

#include <stdexcept>

#include "shared/telemetry/metrics.hpp"

namespace noetl::telemetry {
namespace {

TEST_CASE("a counter that was added to is in the exposition with its help and labels") {
  Metrics metrics;
  const auto claims = metrics.counter("noetl_claims_total", "Commands claimed.", {{"pool", "default"}});

  claims.add();
  claims.add(2);

  const std::string text = metrics.expose();
  CHECK(text.find("# HELP noetl_claims_total Commands claimed.") != std::string::npos);
  CHECK(text.find("noetl_claims_total{pool=\"default\"} 3") != std::string::npos);
}

TEST_CASE("the same name and labels are the same metric") {
  Metrics metrics;
  metrics.counter("noetl_x_total", "X.").add();

  CHECK(metrics.counter("noetl_x_total", "X.").value() == 1);
}

TEST_CASE("a name cannot be two kinds of metric") {
  Metrics metrics;
  const auto first = metrics.counter("noetl_x_total", "X.");
  static_cast<void>(first);

  CHECK_THROWS_AS(static_cast<void>(metrics.gauge("noetl_x_total", "X.")), std::invalid_argument);
}

TEST_CASE("gauges that are looked up are refreshed before each exposition") {
  Metrics metrics;
  const auto depth = metrics.gauge("noetl_depth", "Depth.");
  int looked_up = 0;
  metrics.before_expose([&] { depth.set(++looked_up); });

  CHECK(metrics.expose().find("noetl_depth 1") != std::string::npos);
  CHECK(metrics.expose().find("noetl_depth 2") != std::string::npos);
}

TEST_CASE("a histogram counts in seconds") {
  Metrics metrics;
  const auto elapsed = metrics.histogram("noetl_call_seconds", "Call.", {0.001, 0.1});

  elapsed.observe(std::chrono::milliseconds{5});

  const std::string text = metrics.expose();
  CHECK(text.find("noetl_call_seconds_bucket{le=\"0.001\"} 0") != std::string::npos);
  CHECK(text.find("noetl_call_seconds_bucket{le=\"0.1\"} 1") != std::string::npos);
}

TEST_CASE("declarations list every name once, sorted") {
  Metrics metrics;
  static_cast<void>(metrics.gauge("noetl_b", "B."));
  static_cast<void>(metrics.counter("noetl_a_total", "A.", {{"k", "1"}}));
  static_cast<void>(metrics.counter("noetl_a_total", "A.", {{"k", "2"}}));

  const auto all = metrics.declarations();

  REQUIRE(all.size() == 2);
  CHECK(all[0] == MetricDeclaration{"noetl_a_total", "counter", "A."});
  CHECK(all[1] == MetricDeclaration{"noetl_b", "gauge", "B."});
}

}  // namespace
}  // namespace noetl::telemetry
