#!/usr/bin/env bash
# Network namespaces as hosts, joined by a bridge: what runs on several machines runs here on one.
# Needs root, iproute2 and Open MPI.
#
#   bench/ranks/hosts.sh up [HOSTS] [RATE]  make hosts h1, h2, ... (3), with links of a rate, as 1gbit
#   bench/ranks/hosts.sh run N COMMAND      mpirun on h1 starts a rank of COMMAND on each of h2 to hN+1
#   bench/ranks/hosts.sh cut HOST           take down a host's link; "mend" brings it up
#   bench/ranks/hosts.sh down               remove the hosts
set -euo pipefail

self=$(readlink -f "$0")
subnet=10.77.0

# hosts lists the hosts that there are.
hosts() { ip netns list | awk '$1 ~ /^h[0-9]+$/ {print $1}'; }

up() {
	local n=${1:-3} rate=${2:-} host i
	down
	ip netns add bridge0
	ip -n bridge0 link add br0 type bridge
	ip -n bridge0 link set br0 up
	for i in $(seq "$n"); do
		host=h$i
		ip netns add "$host"
		ip -n "$host" link set lo up
		ip -n "$host" link add eth0 type veth peer name "port$i" netns bridge0
		ip -n bridge0 link set "port$i" master br0 up
		ip -n "$host" addr add "$subnet.$i/24" dev eth0
		ip -n "$host" link set eth0 up
		mkdir -p "/etc/netns/$host"
		{ echo "127.0.0.1 localhost"; for j in $(seq "$n"); do echo "$subnet.$j h$j"; done; } >"/etc/netns/$host/hosts"
		if [ -n "$rate" ]; then # what each host sends
			ip netns exec "$host" tc qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 50ms
		fi
	done
}

down() {
	local host
	for host in $(hosts) $(ip netns list | awk '$1 == "bridge0" {print $1}'); do
		ip netns del "$host"
		rm -rf "/etc/netns/$host"
	done
}

# on runs a command on a host, which has its own host name.
on() {
	local host=$1
	shift
	exec ip netns exec "$host" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$host" "$@"
}

# run starts a rank on each of n hosts, through this script in the place of ssh. A cut link is
# noticed after 5 s of silence and 3 probes 2 s apart.
run() {
	local n=$1 list
	shift
	list=$(seq -f 'h%g:1' -s, 2 $((n + 1)))
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
	on h1 mpirun --mca plm_rsh_agent "$self agent" \
		--mca oob_tcp_if_include $subnet.0/24 --mca btl_tcp_if_include $subnet.0/24 --mca btl_tcp_links 2 \
		--mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 \
		--bind-to none --host "$list" -n "$n" "$@"
}

case ${1:-} in
up) up "${@:2}" ;;
down) down ;;
run) run "${@:2}" ;;
on) on "${@:2}" ;;
agent) on "$2" sh -c "${*:3}" ;;
cut) ip -n "$2" link set eth0 down ;;
mend) ip -n "$2" link set eth0 up ;;
*)
	sed -n '2,9s/^# \{0,1\}//p' "$self" >&2
	exit 2
	;;
esac
