"""What servers of other roles answer: cluster managers and peers, search head clusters, deployment servers, identity providers.

This server stands alone. What a standalone Splunk says at each of these paths was measured on 10.6 by the authors of a public
client of all endpoints of the REST API reference; the same is said here.
"""

from __future__ import annotations

from caltrop.splunkd.rest.telling import Told, none_of, refused, told
from caltrop.splunkd.rest.wings import Wings

MANAGER = "Cluster manager is not enabled on this node"
PEER = "Cluster peer is not enabled on this node, check clustering stanza in server.conf"
SHC = "Search Head Clustering is not enabled on this node. REST endpoint is not available"

refused(
    "cluster/manager", MANAGER, aliases=("cluster/master",),
    but={"ha_active_status": (503, "Cluster manager is not enabled."), "redundancy": (503, f"{MANAGER}.")},
)  # fmt: skip
refused("cluster/peer", PEER, aliases=("cluster/slave",))
refused(
    "cluster/searchhead", "Searchhead is not enabled on this node",
    but={"generation": (503, "Search head or cluster manager is not enabled on this node.")},
)  # fmt: skip
refused("shcluster/captain", SHC)
refused("shcluster/status", SHC)
refused(
    "shcluster/member", SHC,
    but={
        "consensus": (400, "Search Head Clustering is not enabled on this node. Raft REST endpoints are not available!")
    },
)  # fmt: skip
refused("replication/configuration", "No local ConfRepo registered", status=400)


@told("cluster/config", "cluster-config")
def cluster(wings: Wings) -> Told:
    yield "config", {
        "cluster_label": "", "cxn_timeout": 60, "disabled": True, "guid": wings.state.guid, "heartbeat_timeout": 60, "manager_uri": "?",
        "master_uri": "?", "max_peer_build_load": 2, "max_peer_rep_load": 5, "mode": "disabled", "multisite": False, "ping_flag": True,
        "quiet_period": 60, "rcv_timeout": 60, "replication_factor": 3, "replication_port": None, "restart_timeout": 60,
        "search_factor": 2, "secret": "********", "send_timeout": 60, "site": "default",
    }  # fmt: skip


@told("shcluster/config", "shcluster-config")
def shcluster(wings: Wings) -> Told:
    yield "config", {"disabled": True, "id": "", "manual_detention": "off", "mode": "disabled", "replication_factor": 3}


# --- distributed search -----------------------------------------------------------------------------------------------

none_of(
    ("search/distributed/peers", "distsearch-peer"),
    ("search/distributed/groups", "distsearch-groups"),
    ("search/distributed/bundle-replication-files", "bundle-replication-files"),
    ("search/distributed/bundle/replication/cycles", "bundle-replication-cycles"),
    why="None: the server stands alone",
    takes=("discoveredPeers", "successOnly", "filename"),
)


@told("search/distributed/config", "distsearch-setup")
def distributed(wings: Wings) -> Told:
    yield "distributedSearch", {
        "checkTimedOutServersFrequency": 60, "connectionTimeout": 10, "disabled": False, "dist_search_enabled": True,
        "receiveTimeout": 600, "removedTimedOutServers": False, "sendTimeout": 30, "serverTimeout": 10, "servers": "",
        "shareBundles": True, "statusTimeout": 10,
    }  # fmt: skip


@told("search/distributed/bundle/replication/config", "bundle-replication-config")
@told("search/distributed/bundle-replication-config", "bundle-replication-config")
def bundles(wings: Wings) -> Told:
    yield "bundleReplicationConfig", {
        "connectionTimeout": 60, "maxBundleSize": 2147483648, "receiveTimeout": 60, "replicationPeriod": 60,
        "replicationPolicy": "classic", "replicationThreads": 5, "sendTimeout": 60, "statusQueueSize": 5,
    }  # fmt: skip


# --- deployment server ------------------------------------------------------------------------------------------------

none_of(
    ("deployment/server/applications", "deployment-applications"),
    ("deployment/server/clients", "deployment-clients"),
    ("deployment/server/config/attributesUnsupportedInUI", "deployment-config-attributes"),
    ("deployment/server/serverclasses", "deployment-serverclasses"),
    why="None: nothing is deployed from here",
    takes=("action", "application", "clientId", "hasDeploymentError", "maxLatency", "minLatency", "serverclasses"),
)


@told("deployment/server/clients/countClients_by_machineType", "deployment-clients-machines")
def machines(wings: Wings) -> Told:
    yield "countClients_by_machineType", {"counts": None}


@told("deployment/server/clients/countRecentDownloads", "deployment-clients-downloads", takes=("maxAgeSecs",))
def downloads(wings: Wings) -> Told:
    yield "countRecentDownloads", {"count": 0}


@told("deployment/server/config/listIsDisabled", "deployment-config-disabled")
@told("deployment/client/config/listIsDisabled", "deployment-client-disabled")
def switched_off(wings: Wings) -> Told:
    yield "default", {"disabled": True}


@told("deployment/server/config", "deployment-config")
def deploys(wings: Wings) -> Told:
    yield "config", {"disabled": True, "repositoryLocation": "", "whitelist.0": None}


@told("deployment/client", "deployment-client")
@told("deployment/client/config", "deployment-client-config")
def deployed(wings: Wings) -> Told:
    yield "config", {"disabled": True, "serverClasses": None, "targetUri": None}


# --- other ways to log in ---------------------------------------------------------------------------------------------


none_of(
    *((f"admin/{name}", name) for name in (
        "Duo-MFA", "Rsa-MFA", "LDAP-auth", "LDAP-groups", "ProxySSO-auth", "ProxySSO-groups", "ProxySSO-user-role-map", "SAML-auth",
        "SAML-groups", "SAML-idp-metadata", "SAML-sp-metadata", "SAML-user-role-map", "OAuth2-auth", "OAuth2-groups",
    )),
    ("authentication/providers/LDAP", "LDAP-auth"),
    ("authentication/providers/SAML", "SAML-auth"),
    ("authorization/fieldfilters", "fieldfilters"),
    why="None: passwords and tokens are the ways to log in here",
    takes=("strategy", "config"),
)  # fmt: skip


@told("admin/auth-services", "auth-services")
@told("authentication/providers/services", "auth-services")
def services(wings: Wings) -> Told:
    yield "active_authmodule", {"active_authmodule": "Splunk"}


@told("workloads/categories", "workload-categories")
def categories(wings: Wings) -> Told:
    """No pool has a share of its own here; the weights are Splunk's defaults."""
    for name, cpu, memory in (("ingest", 20, 10), ("misc", 10, 10), ("search", 70, 80)):
        yield name, {
            "cpu_allocated_percent": float(cpu), "cpu_shares": 0, "cpu_weight": cpu, "cpu_weight_sum": 100,
            "mem_allocated_percent": float(memory), "mem_limit": "0", "mem_weight": memory,
        }  # fmt: skip


none_of(
    ("workloads/pools", "workload-pools"), ("workloads/rules", "workload-rules"),
    why="None: searches share the process, within its limits", takes=("workload_rule_type",),
)  # fmt: skip


@told("workloads/config/get-base-dirname", "workload-base-dirname")
def base_directory(wings: Wings) -> Told:
    yield "get-base-dirname", {"name": "splunk"}


@told("workloads/config/preflight-checks", "workload-preflight-checks")
def preflight(wings: Wings) -> Told:
    failed = {"mitigation": "", "preflight_check_status": False, "title": "Workload management is part of this server."}
    yield (
        "preflight-checks",
        {"general": {"preflight_check_status": False}, "preflight_checks": {"platform_type": failed}},
    )


@told("workloads/policy/search_admission_control", "workload-policy")
@told("workloads/policy", "workload-policy")
def admission(wings: Wings) -> Told:
    yield "search_admission_control", {"admission_rules_enabled": False}


@told("workloads/status", "workload-status", takes=("advanced",))
def workloads(wings: Wings) -> Told:
    for name in ("admission-control-status", "workload-management-status"):
        yield name, {"general": {"enabled": False, "isSupported": False, "error_message": ""}}


refused("workloads/config/enable", "Workload management is not supported on this platform.", status=400)
refused("workloads/config/disable", "Workload management is not supported on this platform.", status=400)


# --- what there is none of --------------------------------------------------------------------------------------------

none_of(
    ("indexing/preview", "indexing-preview"), ("data/summaries", "summaries"),
    why="None: previews and report summaries are not kept", takes=("by_tstats", "by_report_acceleration", "by_data_model"),
)  # fmt: skip


@told("apps/apptemplates", "apptemplates")
def templates(wings: Wings) -> Told:
    """What `template` of `apps/local` may name."""
    yield "barebones", {}


@told("admin/token-auth", "token-auth")
def token_authentication(wings: Wings) -> Told:
    yield "tokens_auth", {"disabled": False}
