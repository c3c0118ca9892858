#pragma once
// BucketPauses: what a configuration bucket says of pools, carried out by the server that does the background duties. One thread.
#include <functional>
#include <string>

#include "server/dispatch/server_context.hpp"
#include "shared/service/config_keys.hpp"

namespace noetl::server {

class BucketPauses {
 public:
  BucketPauses(dispatch::ServerContext& context, std::function<bool()> is_leading, const std::string& bucket)
      : context_(context), is_leading_(std::move(is_leading)), by_("bucket " + bucket) {}

  // Every key that there is. Throws what the store throws.
  void apply(const service::ConfigKeys& keys);

 private:
  dispatch::ServerContext& context_;
  const std::function<bool()> is_leading_;
  const std::string by_;
  service::FaultLog faults_;
};

}  // namespace noetl::server
