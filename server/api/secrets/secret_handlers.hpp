#pragma once
// Handlers of credentials and the keychain: decode, one use case, encode. Any thread.
#include "server/api/calls/call.hpp"

namespace noetl::api {

// handle_credentials.cpp
base::Result<Reply> handle_put_credential(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_credentials(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_credential(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_credential(HandlerContext& context, const Call& call);
base::Result<Reply> handle_set_credential_policy(HandlerContext& context, const Call& call);
base::Result<Reply> handle_rotate_credentials(HandlerContext& context, const Call& call);
// handle_keychain.cpp
base::Result<Reply> handle_put_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_list_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_get_execution_keychain(HandlerContext& context, const Call& call);
base::Result<Reply> handle_delete_keychain(HandlerContext& context, const Call& call);

}  // namespace noetl::api
