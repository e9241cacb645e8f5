# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What a gate looks at: Prometheus, anything that speaks HTTP, proxies and pods."""

    DOCUMENTATION = r"""
options:
  queries: &queries
    description:
      - PromQL queries, each of which has to give one number that keeps its limits. Each needs at
        least one of O(queries[].max), O(queries[].min) and O(queries[].factor).
      - Several series, a range, a text, NaN and infinity are no number, and so not measured. Nor is
        an answer of which Prometheus warns, as that may lack some of the data.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the query is called. No other check may have the name.
        type: str
        required: true
      query:
        description: The query; put C(sum) or C(max) around what gives several series.
        type: str
        required: true
      max:
        description: The value may not be more than this.
        type: float
      min:
        description: The value may not be less than this.
        type: float
      factor:
        description: >-
          The value may not be more than so many times the value in O(baseline), and
          O(queries[].slack) on top.
        type: float
      slack:
        description: >-
          What is added to the limit by O(queries[].factor), so that a baseline of 0 works.
        type: float
        default: 0.0
      empty:
        description:
          - What it means when there is no data. V(fail) is not measured.
          - V(zero) is for counters that do not exist before the first event. A name of a metric
            that is misspelt counts as 0 as well.
        type: str
        choices: [fail, zero]
        default: fail
  prometheus: &prometheus
    description:
      - Where O(queries) are asked, by O(prometheus.url) or O(prometheus.service). Whatever has
        the HTTP API of Prometheus will do.
      - Nothing is asked twice, no redirect is followed, and no proxy of the environment is used.
    type: dict
    suboptions:
      url:
        description: >-
          The address before C(/api/v1/query), reached from where the module runs, such as
          V(https://prometheus.example.com).
        type: str
      service:
        description:
          - 'A Service as C(namespace/name:port), with the path behind it that Prometheus has, if
            any. A ready pod of it is asked through a port-forward of the API server, so nothing of
            it has to be reachable from outside.'
          - For Prometheus without TLS and login alone.
        type: str
      headers:
        description: Headers to send, such as C(Authorization). Their values are hidden.
        type: dict
      validate_certs:
        description: Whether the certificate has to be valid.
        type: bool
        default: true
      ca_cert:
        description: A PEM file with the authorities to trust, instead of the system's.
        type: path
      timeout:
        description: For how many seconds to wait for each answer.
        type: int
        default: 10
  probes: &probes
    description:
      - HTTP requests from where the module runs, each of which has to be answered as expected. No
        answer is a failure, not something that could not be measured.
      - They are sent once for each sample. Redirects are answers, and are not followed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the probe is called. No other check may have the name.
        type: str
        required: true
      url:
        description: What to ask.
        type: str
        required: true
      method:
        description: The method. The request has no body.
        type: str
        choices: [GET, HEAD, OPTIONS, POST]
        default: GET
      headers:
        description: Headers to send, such as C(Host).
        type: dict
        default: {}
      secret_headers:
        description: Headers whose values are hidden in everything that Ansible shows.
        type: dict
      expect:
        description: The statuses that are right.
        type: list
        elements: int
        default: [200]
      body_contains:
        description: A text that has to be in the first mebibyte of the answer.
        type: str
      timeout:
        description: For how many seconds to wait for the whole answer.
        type: int
        default: 5
      validate_certs:
        description: Whether the certificate has to be valid.
        type: bool
        default: true
      ca_cert:
        description: A PEM file with the authorities to trust, instead of the system's.
        type: path
  beside:
    description: >-
      A second cluster that is watched at the same time, as all of its mesh by the same switches.
      Whichever fails first ends the gate.
    type: dict
    suboptions:
      name:
        description: What the cluster is called. It stands before the names of its checks.
        type: str
        required: true
      kubeconfig:
        description: The kubeconfig by which it is reached.
        type: path
      context:
        description: The context of it.
        type: str
      queries: *queries
      prometheus: *prometheus
      probes: *probes
      baseline:
        description: As O(baseline), for its queries.
        type: dict
  proxies_synced:
    description: >-
      Whether every selected proxy has to be connected to an istiod and in sync with it. Pods that
      start or end do not count.
    type: bool
    default: false
  rejects:
    description: Whether no selected proxy may reject its configuration.
    type: bool
    default: false
  crash_loops:
    description: Whether no selected pod, nor an istiod of O(revision), may be in a crash loop.
    type: bool
    default: false
  pending_pods:
    description: >-
      Whether no selected pod, nor an istiod of O(revision), may be not ready for more than
      O(pending_seconds), or for a reason that does not pass by waiting. The pod of a Job does not
      count once it runs, as a sidecar may be all that is left of it.
    type: bool
    default: false
  pending_seconds:
    description: For how many seconds a pod may be not ready, by the clock of where the module runs.
    type: int
    default: 120
"""
