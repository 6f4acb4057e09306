#!/usr/bin/perl
# Perl's Expect.pm, with nothing set but what the task needs.

use strict;
use warnings;
use Compress::Zlib qw(crc32);
use Expect;
use IPC::Open2 qw(open2);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID);

my (%name, @command, $child, $wall, $own, $cpu, $result);
my $task = shift;
while (defined(my $word = shift)) {
    if ($word eq '--') { @command = @ARGV; last }
    my ($key, $value) = split /=/, $word, 2;
    $name{$key} = $value;
}

# Seconds of processor of the programs: the reaped ones, and one that lives.
sub programs {
    my (undef, undef, $user, $system) = times;
    my $live = 0;
    if ($child && open my $file, '<', "/proc/$child/schedstat") {
        $live = (split ' ', <$file>)[0] / 1e9;
    }
    return $user + $system + $live;
}

sub start {
    $child = shift;
    $cpu = -programs();
    $own = -clock_gettime(CLOCK_PROCESS_CPUTIME_ID);
    $wall = -clock_gettime(CLOCK_MONOTONIC);
}

sub stop {
    $wall += clock_gettime(CLOCK_MONOTONIC);
    $own += clock_gettime(CLOCK_PROCESS_CPUTIME_ID);
    $cpu += programs() + $own;
}

sub session {
    my $session = Expect->new;
    $session->log_stdout(0);
    $session->raw_pty(0);
    $session->spawn(@command) or die "cannot start @command: $!";
    return $session;
}

# What Expect.pm's own manual calls patterns: a text, or '-re' and a regular expression.
sub patterns {
    open my $file, '<', $name{patterns} or die $!;
    my @made;
    while (my $line = <$file>) {
        chomp $line;
        my ($kind, $text) = split /\t/, $line, 2;
        push @made, $kind eq 'literal' ? $text
            : ('-re', $kind eq 'dotall' ? qr/$text/s : qr/$text/);
    }
    return @made;
}

sub roundtrip {
    my $session = session();
    $session->expect(undef, $name{ready});
    $result = 0;
    start($session->pid);
    for my $i (0 .. $name{count} - 1) {
        my ($send, $awaited, $reply) = @name{qw(send awaited reply)};
        s/@/$i/ for $send, $awaited, $reply;
        $session->send($send);
        $session->expect(undef, $awaited);
        $result++ if index($session->before, $reply) >= 0;
    }
    stop();
}

sub spawn {
    my $ballast = 'x' x (($name{ballast} // 0) << 20);
    # The first one warms up and does not count, as with every peer.
    for my $number (0 .. $name{count}) {
        if ($number == 1) { $result = 0; start(0); }
        my $session = session();
        # Expect.pm sleeps for a second at the end of the output if the program has not
        # ended by then, which happens one time in ten. Reaping it first avoids that.
        my ($pid, $status) = ($session->pid, -1);
        $session->expect(undef, [eof => sub { waitpid $pid, 0; $status = $? }]);
        $result++ if $status == 0;
        $session->close;
    }
    stop();
}

sub scan {
    my ($session, $writer, $pid);
    if ($name{via} eq 'pipe') {
        $pid = open2(my $reader, $writer, @command);
        $session = Expect->init($reader);
        $session->log_stdout(0);
    }
    else {
        $session = $writer = session();
        $pid = $session->pid;
    }
    my @patterns = patterns();
    $session->expect(undef, 'READY');
    start($pid);
    syswrite $writer, "\n";
    my $index = $session->expect(undef, @patterns);
    my $before = $session->before;
    stop();
    my $group = ($session->matchlist)[0] // '-';
    $result = join ' ', $index - 1, $group, length $before, crc32($before);
}

sub lines {
    my $session = session();
    $session->expect(undef, 'READY');
    my ($number, $length) = (0, 0);
    start($session->pid);
    syswrite $session, "\n";
    while ($number < $name{count}) {
        $session->expect(undef, '-re', qr/\r\n/);
        $number++;
        $length += length $session->before;
    }
    stop();
    $result = "$number $length";
}

{ roundtrip => \&roundtrip, spawn => \&spawn, scan => \&scan, lines => \&lines }->{$task}->();
printf qq({"result": "%s", "wall": %.6f, "own": %.6f, "cpu": %.6f}\n),
    $result, $wall, $own, $cpu;
