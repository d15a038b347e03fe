package com.amazonaws.services.lambda.runtime;

/** As functions are compiled with it. */
public interface CognitoIdentity {
  String getIdentityId();

  String getIdentityPoolId();
}
