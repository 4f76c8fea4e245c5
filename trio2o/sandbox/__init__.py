"""
Fake pods: small OpenStack services that behave, misbehave and keep time on command.

Used by the functional tests, by ``make sandbox`` and by the benchmarks. Nothing of the daemon imports this
package.
"""
