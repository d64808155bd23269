# shellcheck shell=bash
images_up() { :; }
images_up_tests() { :; }
images_status() { :; }
images_status_tests() { :; }
tools_up() { :; }
tools_status() { :; }
