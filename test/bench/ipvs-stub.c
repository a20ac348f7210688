/* For keepalived on a kernel without IPVS: preloaded, it answers for libnl that each request to the
 * table was carried out. What keepalived then does is check, decide and log. */

struct nl_sock;
struct nl_msg;
typedef int (*callback)(struct nl_msg *, void *);

/* Of libnl's kinds of callbacks: the end of a dump, and an acknowledgement. */
enum { FINISH = 1, ACK = 4, KINDS = 16 };

static callback functions[KINDS];
static void *arguments[KINDS];

int genl_connect(struct nl_sock *sock) { (void)sock; return 0; }
int genl_ctrl_resolve(struct nl_sock *sock, const char *name) { (void)sock; (void)name; return 99; }
int nl_send_auto(struct nl_sock *sock, struct nl_msg *msg) { (void)sock; (void)msg; return 1; }

int nl_socket_modify_cb(struct nl_sock *sock, int type, int kind, callback function, void *argument)
{
	(void)sock;
	(void)kind;
	if (type < 0 || type >= KINDS)
		return -1;
	functions[type] = function;
	arguments[type] = argument;
	return 0;
}

int nl_recvmsgs_default(struct nl_sock *sock)
{
	(void)sock;
	if (functions[FINISH])
		functions[FINISH](0, arguments[FINISH]);
	if (functions[ACK])
		functions[ACK](0, arguments[ACK]);
	return 0;
}
