package com.amazonaws.services.lambda.runtime;

import java.util.Map;

/** As functions are compiled with it. */
public interface ClientContext {
  Client getClient();

  Map<String, String> getCustom();

  Map<String, String> getEnvironment();
}
