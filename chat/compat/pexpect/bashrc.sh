# For bash kernels and their like, which look for this file beside the module they know as
# pexpect: the user's own settings, and then a prompt that is a dollar sign and stays one.
for each in /etc/bashrc /etc/bash.bashrc ~/.bashrc; do
    if [ -r "$each" ]; then . "$each"; fi
done
unset each PROMPT_COMMAND
PS1="$"
bind 'set enable-bracketed-paste off'
