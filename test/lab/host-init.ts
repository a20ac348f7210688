// The first process of a lab host: makes the host's own view of the file system and then only
// waits and reaps. Its death is the host's power loss, because the kernel kills every process
// of a PID namespace with its first one.

/**
 * Arguments: host name, disk folder. Prints `ready PID` with the PID as the lab sees it.
 *
 * The host must write neither to the machine's /etc nor /var, and a mount needs a folder to
 * exist; so /etc, /var/lib and /dev become memory file systems of links to the real entries,
 * in which single entries are replaced. The real ones stay reachable below /run/.lab.
 */
export const hostInitScript = `set -e
read pid rest < /proc/self/stat
name=$1 disk=$2
hostname "$name"
mount -t tmpfs -o mode=755 lab-run /run
mkdir -p /run/.lab/etc /run/.lab/lib /run/.lab/dev /run/lock /run/vsftpd/empty
mount --bind /etc /run/.lab/etc
mount --bind /var/lib /run/.lab/lib
mount --rbind /dev /run/.lab/dev
for there in etc:/etc lib:/var/lib dev:/dev; do
  mount -t tmpfs -o mode=755 lab-view "\${there#*:}"
  ln -s /run/.lab/"\${there%%:*}"/* "\${there#*:}"/
done
rm -rf /etc/ha.d /etc/hostname /etc/hosts /var/lib/lubdub /var/lib/heartbeat
mkdir /etc/ha.d /var/lib/lubdub /var/lib/heartbeat
mount --bind "$disk/ha.d" /etc/ha.d
mount --bind "$disk/lubdub" /var/lib/lubdub
mount --bind "$disk/heartbeat" /var/lib/heartbeat
mount --bind "$disk/log" /var/log
[ -L /var/run ] || mount --bind /run /var/run
echo "$name" > /etc/hostname
cp "$disk/hosts" /etc/hosts
if [ -e "$disk/tty" ]; then rm -f /dev/ttyS0; ln -s "$(cat "$disk/tty")" /dev/ttyS0; fi
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for f in default all; do
  echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad || true
  echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter || true
done
ip link set lo up
echo "ready $pid"
while :; do sleep 1000; done
`;
