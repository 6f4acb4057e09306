#!/usr/bin/expect -f
# Tcl Expect, with nothing set but what the task needs: match_max is as large as all that
# is to be kept, since what a smaller one pushes out is lost.

log_user 0
set timeout -1
array set name {ballast 0}
set task [lindex $argv 0]
set cut [lsearch -exact $argv --]
set command [lrange $argv [expr {$cut + 1}] end]
foreach word [lrange $argv 1 [expr {$cut - 1}]] {
    set equals [string first = $word]
    set name([string range $word 0 [expr {$equals - 1}]]) \
        [string range $word [expr {$equals + 1}] end]
}

proc contents {path} {
    set file [open $path]
    set text [read $file]
    close $file
    return $text
}

# Seconds of processor that processes or threads have had, by their schedstat files.
proc running {paths} {
    set sum 0
    foreach path $paths {
        if {![catch {contents $path} text]} { set sum [expr {$sum + [lindex $text 0]}] }
    }
    return [expr {$sum / 1e9}]
}

# Seconds of processor of the programs: the reaped ones, and one that lives.
proc programs {child} {
    # After the command's name in brackets; children's user and system time in 1/100 s.
    set fields [lindex [regexp -inline {.*\) (.*)} [contents /proc/self/stat]] 1]
    set reaped [expr {([lindex $fields 13] + [lindex $fields 14]) / 100.0}]
    return [expr {$reaped + [running /proc/$child/schedstat]}]
}

proc start {child} {
    global child_timed cpu own wall
    set child_timed $child
    set cpu [programs $child]
    set own [running [glob /proc/self/task/*/schedstat]]
    set wall [clock microseconds]
}

proc stop {} {
    global child_timed cpu own wall
    set wall [expr {([clock microseconds] - $wall) / 1e6}]
    set own [expr {[running [glob /proc/self/task/*/schedstat]] - $own}]
    set cpu [expr {[programs $child_timed] - $cpu + $own}]
}

proc patterns {path} {
    set made {}
    foreach line [split [string trim [contents $path] \n] \n] {
        lassign [split $line \t] kind text
        set number [expr {[llength $made] / 4}]
        switch $kind {
            literal { lappend made -ex $text }
            regex { lappend made -re "(?n)$text" }
            dotall { lappend made -re $text }
        }
        lappend made "set index $number"
        lappend made {}
    }
    # Three words a pattern: the kind, the text, the action.
    set all {}
    foreach {kind text action _} $made { lappend all $kind $text $action }
    return $all
}

switch $task {
    roundtrip {
        set pid [spawn -noecho {*}$command]
        expect -ex $name(ready)
        set result 0
        start $pid
        for {set i 0} {$i < $name(count)} {incr i} {
            send -- [string map [list @ $i] $name(send)]
            expect -ex [string map [list @ $i] $name(awaited)]
            set reply [string map [list @ $i] $name(reply)]
            if {$reply eq "" || [string first $reply $expect_out(buffer)] >= 0} { incr result }
        }
        stop
    }
    spawn {
        set ballast [string repeat x [expr {$name(ballast) << 20}]]
        set result 0
        # The first one warms up and does not count, as with every peer.
        for {set i -1} {$i < $name(count)} {incr i} {
            if {$i == 0} { set result 0; start 0 }
            spawn -noecho {*}$command
            expect eof
            lassign [wait] pid id failed status
            if {!$failed && $status == 0} { incr result }
        }
        stop
    }
    scan {
        match_max -d [expr {$name(size) + 65536}]
        if {$name(via) eq "pipe"} {
            set pipe [open |$command r+]
            fconfigure $pipe -translation binary -buffering none
            set pid [pid $pipe]
            spawn -noecho -open $pipe
        } else {
            set pid [spawn -noecho {*}$command]
        }
        set all [patterns $name(patterns)]
        expect -ex READY
        start $pid
        send "\n"
        expect {*}$all
        stop
        set matched $expect_out(0,string)
        set end [expr {[string length $expect_out(buffer)] - [string length $matched] - 1}]
        set before [string range $expect_out(buffer) 0 $end]
        set group -
        if {[info exists expect_out(1,string)]} { set group $expect_out(1,string) }
        set result "$index $group [string length $before] [zlib crc32 $before]"
    }
    lines {
        set pid [spawn -noecho {*}$command]
        expect -ex READY
        set number 0
        set length 0
        start $pid
        send "\n"
        expect -re "(\[^\r\n]*)\r\n" {
            incr number
            incr length [string length $expect_out(1,string)]
            if {$number < $name(count)} { exp_continue }
        }
        stop
        set result "$number $length"
    }
}
puts [format {{"result": "%s", "wall": %.6f, "own": %.6f, "cpu": %.6f}} \
    $result $wall $own $cpu]
