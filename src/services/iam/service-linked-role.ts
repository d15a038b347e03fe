/** Roles that services own. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html */
export interface ServiceLinkedRole {
  readonly roleName: string;
  /** Name of its AWS managed policy. */
  readonly policy: string;
  /** Whether several of one account may exist, told apart by a suffix. */
  readonly suffix?: true;
}

/** By service principal; those an account may ask for. */
export const SERVICE_LINKED_ROLES: Readonly<Record<string, ServiceLinkedRole>> = {
  'access-analyzer.amazonaws.com': {
    roleName: 'AWSServiceRoleForAccessAnalyzer',
    policy: 'AccessAnalyzerServiceRolePolicy',
  },
  'accountdiscovery.ssm.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonSSM_AccountDiscovery',
    policy: 'AWSSystemsManagerAccountDiscoveryServicePolicy',
  },
  'acm.amazonaws.com': {
    roleName: 'AWSServiceRoleForCertificateManager',
    policy: 'CertificateManagerServiceRolePolicy',
  },
  'apidestinations.events.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEventBridgeApiDestinations',
    policy: 'AmazonEventBridgeApiDestinationsServiceRolePolicy',
  },
  'appmesh.amazonaws.com': { roleName: 'AWSServiceRoleForAppMesh', policy: 'AWSAppMeshServiceRolePolicy' },
  'appstream.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_AppStreamFleet',
    policy: 'AWSApplicationAutoscalingAppStreamFleetPolicy',
  },
  'appsync.amazonaws.com': { roleName: 'AWSServiceRoleForAppSync', policy: 'AWSAppSyncServiceRolePolicy' },
  'autoscaling-plans.amazonaws.com': {
    roleName: 'AWSServiceRoleForAutoScalingPlans_EC2AutoScaling',
    policy: 'AWSAutoScalingPlansEC2AutoScalingPolicy',
  },
  'autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForAutoScaling',
    policy: 'AutoScalingServiceRolePolicy',
    suffix: true,
  },
  'backup.amazonaws.com': {
    roleName: 'AWSServiceRoleForBackup',
    policy: 'AWSBackupServiceLinkedRolePolicyForBackup',
  },
  'batch.amazonaws.com': { roleName: 'AWSServiceRoleForBatch', policy: 'BatchServiceRolePolicy' },
  'cassandra.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_CassandraTable',
    policy: 'AWSApplicationAutoscalingCassandraTablePolicy',
  },
  'cks.kms.amazonaws.com': {
    roleName: 'AWSServiceRoleForKeyManagementServiceCustomKeyStores',
    policy: 'AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy',
  },
  'cloudtrail.amazonaws.com': {
    roleName: 'AWSServiceRoleForCloudTrail',
    policy: 'CloudTrailServiceRolePolicy',
  },
  'codestar-notifications.amazonaws.com': {
    roleName: 'AWSServiceRoleForCodeStarNotifications',
    policy: 'AWSCodeStarNotificationsServiceRolePolicy',
  },
  'cognito-idp.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonCognitoIdp',
    policy: 'AmazonCognitoIdpServiceRolePolicy',
  },
  'comprehend.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_ComprehendEndpoint',
    policy: 'AWSApplicationAutoscalingComprehendEndpointPolicy',
  },
  'config.amazonaws.com': { roleName: 'AWSServiceRoleForConfig', policy: 'AWSConfigServiceRolePolicy' },
  'connect.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonConnect',
    policy: 'AmazonConnectServiceLinkedRolePolicy',
    suffix: true,
  },
  'contributorinsights.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBCloudWatchContributorInsights',
    policy: 'DynamoDBCloudWatchContributorInsightsServiceRolePolicy',
  },
  'custom-resource.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_CustomResource',
    policy: 'AWSApplicationAutoScalingCustomResourcePolicy',
  },
  'dms-fleet-advisor.amazonaws.com': {
    roleName: 'AWSServiceRoleForDMSFleetAdvisor',
    policy: 'AWSDMSFleetAdvisorServiceRolePolicy',
  },
  'dms.amazonaws.com': {
    roleName: 'AWSServiceRoleForDMSServerless',
    policy: 'AWSDMSServerlessServiceRolePolicy',
  },
  'docdb-elastic.amazonaws.com': {
    roleName: 'AWSServiceRoleForDocDB-Elastic',
    policy: 'AmazonDocDB-ElasticServiceRolePolicy',
  },
  'dynamodb.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_DynamoDBTable',
    policy: 'AWSApplicationAutoscalingDynamoDBTablePolicy',
  },
  'ec2-instance-connect.amazonaws.com': {
    roleName: 'AWSServiceRoleForEc2InstanceConnect',
    policy: 'Ec2InstanceConnectEndpoint',
  },
  'ec2.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_EC2SpotFleetRequest',
    policy: 'AWSApplicationAutoscalingEC2SpotFleetRequestPolicy',
  },
  'ecr.amazonaws.com': { roleName: 'AWSServiceRoleForECRTemplate', policy: 'ECRTemplateServiceRolePolicy' },
  'ecs.amazonaws.com': { roleName: 'AWSServiceRoleForECS', policy: 'AmazonECSServiceRolePolicy' },
  'ecs.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
    policy: 'AWSApplicationAutoscalingECSServicePolicy',
  },
  'eks-connector.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEKSConnector',
    policy: 'AmazonEKSConnectorServiceRolePolicy',
  },
  'eks-fargate.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEKSForFargate',
    policy: 'AmazonEKSForFargateServiceRolePolicy',
  },
  'eks-nodegroup.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEKSNodegroup',
    policy: 'AWSServiceRoleForAmazonEKSNodegroup',
  },
  'eks.amazonaws.com': { roleName: 'AWSServiceRoleForAmazonEKS', policy: 'AmazonEKSServiceRolePolicy' },
  'elasticache.amazonaws.com': {
    roleName: 'AWSServiceRoleForElastiCache',
    policy: 'ElastiCacheServiceRolePolicy',
  },
  'elasticache.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_ElastiCacheRG',
    policy: 'AWSApplicationAutoscalingElastiCacheRGPolicy',
  },
  'elasticbeanstalk.amazonaws.com': {
    roleName: 'AWSServiceRoleForElasticBeanstalk',
    policy: 'AWSElasticBeanstalkServiceRolePolicy',
  },
  'elasticfilesystem.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonElasticFileSystem',
    policy: 'AmazonElasticFileSystemServiceRolePolicy',
  },
  'elasticloadbalancing.amazonaws.com': {
    roleName: 'AWSServiceRoleForElasticLoadBalancing',
    policy: 'AWSElasticLoadBalancingServiceRolePolicy',
  },
  'elasticmapreduce.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_EMRInstanceGroup',
    policy: 'AWSApplicationAutoscalingEMRInstanceGroupPolicy',
  },
  'email.cognito-idp.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonCognitoIdpEmailService',
    policy: 'AmazonCognitoIdpEmailServiceRolePolicy',
  },
  'emr-containers.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEMRContainers',
    policy: 'AmazonEMRContainersServiceRolePolicy',
  },
  'emrwal.amazonaws.com': {
    roleName: 'AWSServiceRoleForEMRWAL',
    policy: 'EMRDescribeClusterPolicyForEMRWAL',
  },
  'es.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonElasticsearchService',
    policy: 'AmazonElasticsearchServiceRolePolicy',
  },
  'events.amazonaws.com': {
    roleName: 'AWSServiceRoleForCloudWatchEvents',
    policy: 'CloudWatchEventsServiceRolePolicy',
  },
  'fis.amazonaws.com': { roleName: 'AWSServiceRoleForFIS', policy: 'AmazonFISServiceRolePolicy' },
  'globalaccelerator.amazonaws.com': {
    roleName: 'AWSServiceRoleForGlobalAccelerator',
    policy: 'AWSGlobalAcceleratorSLRPolicy',
  },
  'grafana.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonGrafana',
    policy: 'AmazonGrafanaServiceLinkedRolePolicy',
  },
  'guardduty.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonGuardDuty',
    policy: 'AmazonGuardDutyServiceRolePolicy',
  },
  'imagebuilder.amazonaws.com': {
    roleName: 'AWSServiceRoleForImageBuilder',
    policy: 'AWSServiceRoleForImageBuilder',
  },
  'iotmanagedintegrations.amazonaws.com': {
    roleName: 'AWSServiceRoleForIoTManagedIntegrations',
    policy: 'AWSIoTManagedIntegrationsRolePolicy',
  },
  'kafka.amazonaws.com': { roleName: 'AWSServiceRoleForKafka', policy: 'KafkaServiceRolePolicy' },
  'kafka.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_KafkaCluster',
    policy: 'AWSApplicationAutoscalingKafkaClusterPolicy',
  },
  'kafkaconnect.amazonaws.com': {
    roleName: 'AWSServiceRoleForKafkaConnect',
    policy: 'KafkaConnectServiceRolePolicy',
  },
  'kinesisreplication.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBKinesisDataStreamsReplication',
    policy: 'DynamoDBKinesisReplicationServiceRolePolicy',
  },
  'lakeformation.amazonaws.com': {
    roleName: 'AWSServiceRoleForLakeFormationDataAccess',
    policy: 'LakeFormationDataAccessServiceRolePolicy',
  },
  'lambda.amazonaws.com': { roleName: 'AWSServiceRoleForLambda', policy: 'AWSLambdaServiceRolePolicy' },
  'lambda.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency',
    policy: 'AWSApplicationAutoscalingLambdaConcurrencyPolicy',
  },
  'lexv2.amazonaws.com': {
    roleName: 'AWSServiceRoleForLexV2Bots',
    policy: 'AmazonLexV2BotPolicy',
    suffix: true,
  },
  'lightsail.amazonaws.com': { roleName: 'AWSServiceRoleForLightsail', policy: 'LightsailExportAccess' },
  'logger.cloudfront.amazonaws.com': {
    roleName: 'AWSServiceRoleForCloudFrontLogger',
    policy: 'AWSCloudFrontLogger',
  },
  'm2.amazonaws.com': { roleName: 'AWSServiceRoleForAWSM2', policy: 'AWSM2ServicePolicy' },
  'memorydb.amazonaws.com': { roleName: 'AWSServiceRoleForMemoryDB', policy: 'MemoryDBServiceRolePolicy' },
  'mq.amazonaws.com': { roleName: 'AWSServiceRoleForAmazonMQ', policy: 'AmazonMQServiceRolePolicy' },
  'mrk.kms.amazonaws.com': {
    roleName: 'AWSServiceRoleForKeyManagementServiceMultiRegionKeys',
    policy: 'AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy',
  },
  'neptune.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_NeptuneCluster',
    policy: 'AWSApplicationAutoscalingNeptuneClusterPolicy',
  },
  'notifications.amazonaws.com': {
    roleName: 'AWSServiceRoleForAwsUserNotifications',
    policy: 'AWSUserNotificationsServiceLinkedRolePolicy',
  },
  'observability.aoss.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonOpenSearchServerless',
    policy: 'AmazonOpenSearchServerlessServiceRolePolicy',
  },
  'opensearchservice.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonOpenSearchService',
    policy: 'AmazonOpenSearchServiceRolePolicy',
  },
  'ops.apigateway.amazonaws.com': {
    roleName: 'AWSServiceRoleForAPIGateway',
    policy: 'APIGatewayServiceRolePolicy',
  },
  'ops.emr-serverless.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEMRServerless',
    policy: 'AmazonEMRServerlessServiceRolePolicy',
  },
  'opsdatasync.ssm.amazonaws.com': {
    roleName: 'AWSServiceRoleForSystemsManagerOpsDataSync',
    policy: 'AWSSystemsManagerOpsDataSyncServiceRolePolicy',
  },
  'opsinsights.ssm.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonSSM_OpsInsights',
    policy: 'AWSSSMOpsInsightsServiceRolePolicy',
  },
  'organizations.amazonaws.com': {
    roleName: 'AWSServiceRoleForOrganizations',
    policy: 'AWSOrganizationsServiceTrustPolicy',
  },
  'pullthroughcache.ecr.amazonaws.com': {
    roleName: 'AWSServiceRoleForECRPullThroughCache',
    policy: 'AWSECRPullThroughCache_ServiceRolePolicy',
  },
  'ram.amazonaws.com': {
    roleName: 'AWSServiceRoleForResourceAccessManager',
    policy: 'AWSResourceAccessManagerServiceRolePolicy',
  },
  'rds.amazonaws.com': { roleName: 'AWSServiceRoleForRDS', policy: 'AmazonRDSServiceRolePolicy' },
  'rds.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_RDSCluster',
    policy: 'AWSApplicationAutoscalingRDSClusterPolicy',
  },
  'redshift.amazonaws.com': {
    roleName: 'AWSServiceRoleForRedshift',
    policy: 'AmazonRedshiftServiceLinkedRolePolicy',
  },
  'replication.cassandra.amazonaws.com': {
    roleName: 'AWSServiceRoleForKeyspacesReplication',
    policy: 'KeyspacesReplicationServiceRolePolicy',
  },
  'replication.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBReplication',
    policy: 'DynamoDBReplicationServiceRolePolicy',
  },
  'replication.ecr.amazonaws.com': {
    roleName: 'AWSServiceRoleForECRReplication',
    policy: 'ECRReplicationServiceRolePolicy',
  },
  'replicator.lambda.amazonaws.com': {
    roleName: 'AWSServiceRoleForLambdaReplicator',
    policy: 'AWSLambdaReplicator',
  },
  'repository.sync.codeconnections.amazonaws.com': {
    roleName: 'AWSServiceRoleForGitSync',
    policy: 'AWSGitSyncServiceRolePolicy',
  },
  'resource-explorer-2.amazonaws.com': {
    roleName: 'AWSServiceRoleForResourceExplorer',
    policy: 'AWSResourceExplorerServiceRolePolicy',
  },
  'rolesanywhere.amazonaws.com': {
    roleName: 'AWSServiceRoleForRolesAnywhere',
    policy: 'AWSRolesAnywhereServicePolicy',
  },
  's3-outposts.amazonaws.com': {
    roleName: 'AWSServiceRoleForS3OnOutposts',
    policy: 'AWSS3OnOutpostsServiceRolePolicy',
  },
  'sagemaker.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint',
    policy: 'AWSApplicationAutoscalingSageMakerEndpointPolicy',
  },
  'securityhub.amazonaws.com': {
    roleName: 'AWSServiceRoleForSecurityHub',
    policy: 'AWSSecurityHubServiceRolePolicy',
  },
  'ses.amazonaws.com': { roleName: 'AWSServiceRoleForAmazonSES', policy: 'AmazonSESServiceRolePolicy' },
  'shield.amazonaws.com': { roleName: 'AWSServiceRoleForAWSShield', policy: 'AWSShieldServiceRolePolicy' },
  'spot.amazonaws.com': { roleName: 'AWSServiceRoleForEC2Spot', policy: 'AWSEC2SpotServiceRolePolicy' },
  'spotfleet.amazonaws.com': {
    roleName: 'AWSServiceRoleForEC2SpotFleet',
    policy: 'AWSEC2SpotFleetServiceRolePolicy',
  },
  'ssm-incidents.amazonaws.com': {
    roleName: 'AWSServiceRoleForIncidentManager',
    policy: 'AWSIncidentManagerServiceRolePolicy',
  },
  'ssm-quicksetup.amazonaws.com': {
    roleName: 'AWSServiceRoleForSSMQuickSetup',
    policy: 'SSMQuickSetupRolePolicy',
  },
  'ssm.amazonaws.com': { roleName: 'AWSServiceRoleForAmazonSSM', policy: 'AmazonSSMServiceRolePolicy' },
  'sso.amazonaws.com': { roleName: 'AWSServiceRoleForSSO', policy: 'AWSSSOServiceRolePolicy' },
  'transitgateway.amazonaws.com': {
    roleName: 'AWSServiceRoleForVPCTransitGateway',
    policy: 'AWSVPCTransitGatewayServiceRolePolicy',
  },
  'vpcorigin.cloudfront.amazonaws.com': {
    roleName: 'AWSServiceRoleForCloudFrontVPCOrigin',
    policy: 'AWSCloudFrontVPCOriginServiceRolePolicy',
  },
  'waf.amazonaws.com': { roleName: 'AWSServiceRoleForWAFLogging', policy: 'WAFLoggingServiceRolePolicy' },
  'wafv2.amazonaws.com': {
    roleName: 'AWSServiceRoleForWAFV2Logging',
    policy: 'WAFV2LoggingServiceRolePolicy',
  },
  'workspaces.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_WorkSpacesPool',
    policy: 'AWSApplicationAutoscalingWorkSpacesPoolPolicy',
  },
};
