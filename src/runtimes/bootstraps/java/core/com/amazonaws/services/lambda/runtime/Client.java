package com.amazonaws.services.lambda.runtime;

/** As functions are compiled with it. */
public interface Client {
  String getInstallationId();

  String getAppTitle();

  String getAppVersionName();

  String getAppVersionCode();

  String getAppPackageName();
}
